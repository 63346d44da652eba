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
    public void AllReduceMean(IReadOnlyList<Tensor> tensors) { }

    /// <inheritdoc/>
    public void Broadcast(IReadOnlyList<Tensor> tensors) { }
}
