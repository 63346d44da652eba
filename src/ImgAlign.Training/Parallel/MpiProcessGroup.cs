using System.Runtime.InteropServices;
using System.Text;
using ImgAlign.Training.Native;
using static TorchSharp.torch;

namespace ImgAlign.Training.Parallel;

/// <summary>
/// The processes that Open MPI's <c>mpirun</c> has started, on the CPU. MPI moves bytes; sums are taken here, in the order of the ranks, so
/// that they do not depend on how MPI goes about it, and 16-bit numbers, which MPI does not know, are summed in float32. Where a process
/// ends early, <c>mpirun</c> ends the others.
/// </summary>
internal sealed class MpiProcessGroup : IProcessGroup
{
    // A text's length goes ahead of it.
    private const int LengthBytes = sizeof(int);

    private readonly Mpi mpi;
    private readonly LibTorchInterface libTorch = LibTorchInterface.Require();

    // Kept from one exchange to the next: new pages of memory cost as much time as the sums.
    private Tensor? received;

    private MpiProcessGroup(Mpi mpi) => (this.mpi, Rank, Size) = (mpi, mpi.Rank, mpi.Size);

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>Joins the others; once a process.</summary>
    /// <exception cref="ImgAlignException">Open MPI is not installed, or cannot be used.</exception>
    public static MpiProcessGroup Join() => new(Mpi.Load());

    /// <inheritdoc/>
    public void Sum(Span<double> values)
    {
        var all = new double[Size * values.Length];
        values.CopyTo(all.AsSpan(Rank * values.Length));
        mpi.AllGather(MemoryMarshal.AsBytes(all.AsSpan()));
        values.Clear();
        foreach (var (index, value) in all.Index())
            values[index % values.Length] += value;
    }

    /// <inheritdoc/>
    public string Broadcast(string text)
    {
        var bytes = Rank == 0 ? Encoding.UTF8.GetBytes(text) : [];
        var length = new byte[LengthBytes];
        BitConverter.TryWriteBytes(length, bytes.Length);
        mpi.Broadcast(length);
        Array.Resize(ref bytes, BitConverter.ToInt32(length));
        mpi.Broadcast(bytes);
        return Encoding.UTF8.GetString(bytes);
    }

    /// <inheritdoc/>
    public void Broadcast(Tensor tensor) => mpi.BroadcastBlocks(libTorch.DataPointer(tensor), Blocks(tensor));

    /// <inheritdoc/>
    public void ReduceScatterMean(Tensor tensor)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var parts = RoomFor(tensor).view(Size, -1);
        mpi.AllToAllBlocks(libTorch.DataPointer(tensor), libTorch.DataPointer(parts), Blocks(tensor) / Size);
        var type = tensor.dtype is ScalarType.BFloat16 or ScalarType.Float16 ? float32 : tensor.dtype;
        var mean = parts[0].to(type); // summed where it arrived, unless it was wanted in another type
        for (var rank = 1; rank < Size; rank++)
            mean.PlusInPlace(parts[rank]);
        mean.DividedByInPlace(Size);
        tensor.view(Size, -1)[Rank].bytes = mean.to(tensor.dtype).bytes;
    }

    /// <inheritdoc/>
    public void AllGather(Tensor tensor) => mpi.AllGatherBlocks(libTorch.DataPointer(tensor), Blocks(tensor) / Size);

    /// <inheritdoc/>
    public void Synchronize() { } // every call waits

    /// <inheritdoc/>
    public void Complete() => mpi.Complete();

    /// <inheritdoc/>
    public void Dispose() => received?.Dispose(); // MPI is left by Complete, or by the end of the process

    // Where as many numbers arrive.
    private Tensor RoomFor(Tensor tensor)
    {
        if (received is null || received.dtype != tensor.dtype || received.numel() < tensor.numel())
        {
            received?.Dispose();
            received = empty(tensor.numel(), tensor.dtype).DetachFromDisposeScope();
        }
        return received.narrow(0, 0, tensor.numel());
    }

    private int Blocks(Tensor tensor)
    {
        var bytes = tensor.numel() * tensor.element_size();
        return bytes % (Size * Mpi.BlockBytes) == 0
            ? checked((int)(bytes / Mpi.BlockBytes))
            : throw new ArgumentException($"{bytes} bytes are not {Size} parts of a multiple of {Mpi.BlockBytes}.", nameof(tensor));
    }
}
