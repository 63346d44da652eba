using System.Runtime.InteropServices;

namespace ImgAlign.Training.Native;

/// <summary>
/// What is needed of Open MPI's C interface (version 4 and 5, <c>mpi.h</c>). Its handles are addresses of exported variables, which other
/// MPIs do not have. Every error of MPI ends the process with its own message, as MPI does unless it is told otherwise.
/// </summary>
internal sealed unsafe class Mpi
{
    /// <summary>Tensors are moved in blocks of so many bytes: counts are 32 bits wide.</summary>
    public const int BlockBytes = 64;

    private const int Serialized = 2; // MPI_THREAD_SERIALIZED

    private static readonly string[] Names = ["libmpi.so.40", "libmpi.so", "libmpi.40.dylib", "libmpi.dylib"];

    private readonly nint world;
    private readonly nint bytes;
    private readonly nint block;
    private readonly delegate* unmanaged<void*, int, nint, int, nint, int> broadcast;
    private readonly delegate* unmanaged<void*, int, nint, void*, int, nint, nint, int> allGather;
    private readonly delegate* unmanaged<void*, int, nint, void*, int, nint, nint, int> allToAll;
    private readonly delegate* unmanaged<int> complete;

    private Mpi(nint library)
    {
        nint Export(string name) => NativeLibrary.GetExport(library, name);
        world = Export("ompi_mpi_comm_world");
        bytes = Export("ompi_mpi_byte");
        broadcast = (delegate* unmanaged<void*, int, nint, int, nint, int>)Export("MPI_Bcast");
        allGather = (delegate* unmanaged<void*, int, nint, void*, int, nint, nint, int>)Export("MPI_Allgather");
        allToAll = (delegate* unmanaged<void*, int, nint, void*, int, nint, nint, int>)Export("MPI_Alltoall");
        complete = (delegate* unmanaged<int>)Export("MPI_Finalize");
        var begin = (delegate* unmanaged<int*, byte***, int, int*, int>)Export("MPI_Init_thread");
        var rankOf = (delegate* unmanaged<nint, int*, int>)Export("MPI_Comm_rank");
        var sizeOf = (delegate* unmanaged<nint, int*, int>)Export("MPI_Comm_size");
        var contiguous = (delegate* unmanaged<int, nint, nint*, int>)Export("MPI_Type_contiguous");
        var commit = (delegate* unmanaged<nint*, int>)Export("MPI_Type_commit");

        int provided,
            rank,
            size;
        _ = begin(null, null, Serialized, &provided);
        if (provided < Serialized)
            throw new ImgAlignException(
                "This Open MPI was built without support for threads (MPI_THREAD_SERIALIZED), which training needs; use Debian's or build it "
                    + "with threads."
            );
        _ = rankOf(world, &rank);
        _ = sizeOf(world, &size);
        (Rank, Size) = (rank, size);
        nint type;
        _ = contiguous(BlockBytes, bytes, &type);
        _ = commit(&type);
        block = type;
    }

    /// <summary>Which process this is, from 0.</summary>
    public int Rank { get; }

    /// <summary>How many there are.</summary>
    public int Size { get; }

    /// <summary>Loads the library and joins the other processes, which may be done once.</summary>
    /// <exception cref="ImgAlignException">There is no Open MPI, or it is another MPI.</exception>
    public static Mpi Load()
    {
        foreach (var name in Names)
        {
            if (!NativeLibrary.TryLoad(name, out var library))
                continue;
            return NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _)
                ? new Mpi(library)
                : throw new ImgAlignException(
                    $"{name} is not Open MPI's; install Open MPI (Debian: openmpi-bin) and start with its mpirun."
                );
        }
        throw new ImgAlignException(
            $"mpirun has started this process, but none of {string.Join(", ", Names)} is found; install Open MPI (Debian: openmpi-bin)."
        );
    }

    /// <summary>Replaces bytes by those of the first process.</summary>
    public void Broadcast(Span<byte> values)
    {
        fixed (byte* pointer = values)
            _ = broadcast(pointer, values.Length, bytes, 0, world);
    }

    /// <summary>Every process has filled its part of the values; fills the others.</summary>
    public void AllGather(Span<byte> values)
    {
        fixed (byte* pointer = values)
            _ = allGather(InPlace, 0, bytes, pointer, values.Length / Size, bytes, world);
    }

    /// <summary>As <see cref="Broadcast"/>, of so many blocks.</summary>
    public void BroadcastBlocks(nint pointer, int count) => _ = broadcast((void*)pointer, count, block, 0, world);

    /// <summary>As <see cref="AllGather"/>, of so many blocks a process.</summary>
    public void AllGatherBlocks(nint pointer, int count) => _ = allGather(InPlace, 0, block, (void*)pointer, count, block, world);

    /// <summary>Gives every process its part, so many blocks, and receives the own part of each.</summary>
    public void AllToAllBlocks(nint from, nint to, int count) => _ = allToAll((void*)from, count, block, (void*)to, count, block, world);

    /// <summary>Leaves MPI, together with the others.</summary>
    public void Complete() => _ = complete();

    private static void* InPlace => (void*)1; // MPI_IN_PLACE
}
