using static TorchSharp.torch;

namespace ImgAlign.Training.Parallel;

/// <summary>
/// Several processes, or threads that stand for them, that train copies of one network. All of them make the same calls in the same order.
/// An existing engine, such as MPI or NCCL, can stand behind it.
/// </summary>
public interface IProcessGroup
{
    /// <summary>Which one this is, from 0.</summary>
    int Rank { get; }

    /// <summary>How many there are.</summary>
    int Size { get; }

    /// <summary>Replaces tensors by their mean over all processes, the same bits in all of them.</summary>
    /// <param name="tensors">Of the same shapes and types everywhere; changed in place.</param>
    void AllReduceMean(IReadOnlyList<Tensor> tensors);

    /// <summary>Replaces tensors by those of the first process.</summary>
    /// <param name="tensors">Of the same shapes and types everywhere; changed in place.</param>
    void Broadcast(IReadOnlyList<Tensor> tensors);
}
