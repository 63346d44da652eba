using static TorchSharp.torch;

namespace ImgAlign.Training.Parallel;

/// <summary>A group of one.</summary>
internal sealed class SingleProcess : IProcessGroup
{
    private SingleProcess() { }

    /// <summary>The group.</summary>
    public static SingleProcess Instance { get; } = new();

    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int Size => 1;

    /// <inheritdoc/>
    public void Sum(Span<double> values) { }

    /// <inheritdoc/>
    public string Broadcast(string text) => text;

    /// <inheritdoc/>
    public void Broadcast(Tensor tensor) { }

    /// <inheritdoc/>
    public void ReduceScatterMean(Tensor tensor) { }

    /// <inheritdoc/>
    public void AllGather(Tensor tensor) { }

    /// <inheritdoc/>
    public void Synchronize() { }

    /// <inheritdoc/>
    public void Complete() { }

    /// <inheritdoc/>
    public void Dispose() { }
}
