using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace ImgAlign.Training.Native;

/// <summary>
/// What is needed of NCCL's C interface (2.x, <c>nccl.h</c>). It was not run on GPUs while it was written: tests call it in a library of
/// their own with the same signatures.
/// </summary>
internal sealed unsafe class Nccl
{
    private const int Average = 4; // ncclAvg

    private readonly delegate* unmanaged<Id*, int> getUniqueId;
    private readonly delegate* unmanaged<nint*, int, Id, int, int> initRank;
    private readonly delegate* unmanaged<void*, void*, nuint, int, int, nint, nint, int> reduceScatter;
    private readonly delegate* unmanaged<void*, void*, nuint, int, nint, nint, int> allGather;
    private readonly delegate* unmanaged<void*, void*, nuint, int, int, nint, nint, int> broadcast;
    private readonly delegate* unmanaged<nint, int*, int> getAsyncError;
    private readonly delegate* unmanaged<int, byte*> getErrorString;
    private readonly delegate* unmanaged<nint, int> destroy;

    /// <param name="library">A library that has the functions, as <see cref="FindLibrary"/> gives it.</param>
    public Nccl(nint library)
    {
        nint Export(string name) => NativeLibrary.GetExport(library, name);
        getUniqueId = (delegate* unmanaged<Id*, int>)Export("ncclGetUniqueId");
        initRank = (delegate* unmanaged<nint*, int, Id, int, int>)Export("ncclCommInitRank");
        reduceScatter = (delegate* unmanaged<void*, void*, nuint, int, int, nint, nint, int>)Export("ncclReduceScatter");
        allGather = (delegate* unmanaged<void*, void*, nuint, int, nint, nint, int>)Export("ncclAllGather");
        broadcast = (delegate* unmanaged<void*, void*, nuint, int, int, nint, nint, int>)Export("ncclBroadcast");
        getAsyncError = (delegate* unmanaged<nint, int*, int>)Export("ncclCommGetAsyncError");
        getErrorString = (delegate* unmanaged<int, byte*>)Export("ncclGetErrorString");
        destroy = (delegate* unmanaged<nint, int>)Export("ncclCommDestroy");
    }

    /// <summary>
    /// Finds NCCL in libtorch, which either contains it or has loaded it. One that lies elsewhere is never loaded: it would be a second
    /// one beside libtorch's, and the two would wait for each other.
    /// </summary>
    /// <param name="loaded">The files of the libraries that this process has loaded.</param>
    /// <exception cref="ImgAlignException">None of them is or contains NCCL.</exception>
    public static nint FindLibrary(IReadOnlyList<string> loaded)
    {
        string[] names = ["libtorch_cuda.", "libnccl."];
        foreach (
            var file in names.SelectMany(name => loaded.Where(file => Path.GetFileName(file).StartsWith(name, StringComparison.Ordinal)))
        )
        {
            if (NativeLibrary.TryLoad(file, out var library) && NativeLibrary.TryGetExport(library, "ncclCommInitRank", out _))
                return library;
        }
        throw new ImgAlignException(
            "NCCL is not found: the libtorch of this process neither contains it nor has loaded it; install a PyTorch for Linux with CUDA, "
                + "which brings it, and name it by IMGALIGN_LIBTORCH."
        );
    }

    /// <summary>What the first process makes, and all need to find each other.</summary>
    public byte[] NewId()
    {
        Id id;
        Check(getUniqueId(&id));
        return new Span<byte>(&id, sizeof(Id)).ToArray();
    }

    /// <summary>Joins the other processes, on the thread's current GPU; all of them call it at once.</summary>
    /// <returns>The communicator.</returns>
    public nint Join(byte[] id, int rank, int size)
    {
        nint communicator;
        Check(initRank(&communicator, size, MemoryMarshal.Read<Id>(id), rank));
        return communicator;
    }

    /// <summary>Replaces the own part of a tensor by the mean over all processes.</summary>
    /// <param name="communicator">The processes.</param>
    /// <param name="values">The tensor's memory.</param>
    /// <param name="part">That of the own part.</param>
    /// <param name="count">The part's elements.</param>
    /// <param name="type">Their type.</param>
    /// <param name="stream">Where it is queued.</param>
    public void ReduceScatterMean(nint communicator, nint values, nint part, long count, ScalarType type, nint stream) =>
        Check(reduceScatter((void*)values, (void*)part, (nuint)count, NumberOf(type), Average, communicator, stream));

    /// <summary>Gives all processes every process's part of a tensor.</summary>
    /// <inheritdoc cref="ReduceScatterMean"/>
    public void AllGather(nint communicator, nint values, nint part, long count, ScalarType type, nint stream) =>
        Check(allGather((void*)part, (void*)values, (nuint)count, NumberOf(type), communicator, stream));

    /// <summary>Replaces a tensor by that of the first process.</summary>
    /// <param name="communicator">The processes.</param>
    /// <param name="values">The tensor's memory.</param>
    /// <param name="count">Its elements.</param>
    /// <param name="type">Their type.</param>
    /// <param name="stream">Where it is queued.</param>
    public void Broadcast(nint communicator, nint values, long count, ScalarType type, nint stream) =>
        Check(broadcast((void*)values, (void*)values, (nuint)count, NumberOf(type), 0, communicator, stream));

    /// <summary>What has gone wrong on the way, or with asking for it, in NCCL's words; null: nothing.</summary>
    public string? FindError(nint communicator)
    {
        int error;
        var code = getAsyncError(communicator, &error);
        if (code == 0)
            code = error;
        return code == 0 ? null : Describe(code);
    }

    /// <summary>Frees a communicator.</summary>
    public void Destroy(nint communicator) => Check(destroy(communicator));

    // ncclDataType_t
    private static int NumberOf(ScalarType type) =>
        type switch
        {
            ScalarType.Float16 => 6,
            ScalarType.Float32 => 7,
            ScalarType.Float64 => 8,
            ScalarType.BFloat16 => 9,
            _ => throw new ArgumentException($"Gradients of type {type} are not exchanged.", nameof(type)),
        };

    private string Describe(int code) => Marshal.PtrToStringUTF8((nint)getErrorString(code)) ?? $"error {code}";

    private void Check(int code)
    {
        if (code != 0)
            throw new ImgAlignException($"NCCL cannot join or serve the processes: {Describe(code)} (NCCL_DEBUG=INFO tells more).");
    }

    /// <summary><c>ncclUniqueId</c>.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct Id
    {
#pragma warning disable CS0169, IDE0051 // Bytes that only NCCL reads.
        private fixed byte bytes[128];
#pragma warning restore CS0169, IDE0051
    }
}
