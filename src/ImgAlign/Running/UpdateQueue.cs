using System.Threading.Channels;

namespace ImgAlign.Running;

/// <summary>
/// A run's updates on their way to whoever listens, so that a listener can neither end the run nor hold it up. One that falls behind misses
/// steps, previews and the progress of loading; everything else arrives, in its order.
/// </summary>
internal sealed class UpdateQueue
{
    private const int MostWaiting = 256;

    private readonly Channel<RunUpdate> channel = Channel.CreateUnbounded<RunUpdate>();

    /// <summary>Adds an update; never waits.</summary>
    public void Add(RunUpdate update)
    {
        if (update is StepCompleted or PreviewReady or WeightsLoaded && channel.Reader.Count >= MostWaiting)
            return;
        channel.Writer.TryWrite(update);
    }

    /// <summary>No more updates will come.</summary>
    /// <param name="exception">What ended the run, if it failed: whoever reads sees it after the last update.</param>
    public void Complete(Exception? exception = null) => channel.Writer.TryComplete(exception);

    /// <summary>The updates, until there are no more.</summary>
    public IAsyncEnumerable<RunUpdate> ReadAllAsync() => channel.Reader.ReadAllAsync(CancellationToken.None);

    /// <summary>Calls a listener with every update, on threads of the pool, one update at a time.</summary>
    /// <param name="listener">The listener.</param>
    /// <param name="onException">Told what the listener throws; it is called again all the same.</param>
    public async Task DeliverAsync(IProgress<RunUpdate> listener, Action<Exception> onException)
    {
        await Task.Yield();
        await foreach (var update in ReadAllAsync().ConfigureAwait(false))
        {
            try
            {
                listener.Report(update);
            }
#pragma warning disable CA1031 // A listener's exception is its own matter, and must not end the run.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                onException(exception);
            }
        }
    }
}
