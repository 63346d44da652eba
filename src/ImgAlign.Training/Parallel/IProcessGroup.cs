using static TorchSharp.torch;

namespace ImgAlign.Training.Parallel;

/// <summary>
/// Several processes that train copies of one network. All of them make the same calls in the same order. Control values are numbers and
/// texts in the memory of the CPU; tensors are on the device of the network, and go another way where the device has one.
/// </summary>
/// <remarks>
/// A tensor that is passed is contiguous, of the same type and length everywhere, and as long as <see cref="Size"/> parts of a multiple of
/// 64 bytes each; the part of a process is the one of its rank. Operations on tensors may only have been queued when a call returns:
/// <see cref="Synchronize"/> comes before their results are read. One thread calls at a time.
/// </remarks>
public interface IProcessGroup : IDisposable
{
    /// <summary>Which one this is, from 0.</summary>
    int Rank { get; }

    /// <summary>How many there are.</summary>
    int Size { get; }

    /// <summary>Replaces numbers by their sums over all processes, the same bits in all of them. Waits for all.</summary>
    /// <param name="values">As many in every process, and at least one.</param>
    /// <exception cref="ImgAlignException">A process has ended.</exception>
    void Sum(Span<double> values);

    /// <summary>Tells all processes what the first one says.</summary>
    /// <param name="text">What it says; what the others pass does not matter.</param>
    /// <returns>The first one's text.</returns>
    /// <exception cref="ImgAlignException">A process has ended.</exception>
    string Broadcast(string text);

    /// <summary>Replaces a tensor by that of the first process.</summary>
    /// <param name="tensor">Changed in place.</param>
    void Broadcast(Tensor tensor);

    /// <summary>Replaces a process's own part of a tensor by the mean of that part over all processes; the other parts are then of no use.
    /// Followed by <see cref="AllGather"/> it is an all-reduce.</summary>
    /// <param name="tensor">Changed in place.</param>
    void ReduceScatterMean(Tensor tensor);

    /// <summary>Replaces every part of a tensor by that of the process to which it belongs.</summary>
    /// <param name="tensor">Changed in place.</param>
    void AllGather(Tensor tensor);

    /// <summary>Lets later work on this thread's device see the results of all operations on tensors.</summary>
    void Synchronize();

    /// <summary>Says that the work is done. A process that ends without it has failed, and the others end, too.</summary>
    void Complete();
}
