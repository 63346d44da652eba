namespace ImgAlign.Runtime;

/// <summary>Counts the weights of a network while they are read: whoever waits for them is told, and may end it.</summary>
/// <param name="runtime">The device that they are for.</param>
/// <param name="network">The network in messages.</param>
/// <param name="bytes">What they take on the device.</param>
/// <param name="elements">How many numbers they are.</param>
/// <param name="isSilent">Whether nobody is told, because they come and go with every step.</param>
internal sealed class LoadProgress(DeviceRuntime runtime, string network, long bytes, long elements, bool isSilent)
{
    private long read;
    private long percent = -1;

    /// <summary>One more tensor is there.</summary>
    /// <param name="count">Its numbers.</param>
    /// <exception cref="OperationCanceledException">The run that waits for them has been cancelled.</exception>
    public void Add(long count)
    {
        runtime.CancellationToken.ThrowIfCancellationRequested();
        read += count;
        var share = (double)read / elements;
        if (isSilent || (long)(100 * share) == percent)
            return;
        percent = (long)(100 * share);
        runtime.Loading?.Invoke(new WeightsLoading(network, (long)(bytes * share), bytes));
    }
}
