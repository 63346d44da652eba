using System.Runtime.InteropServices;

namespace ImgAlign.Training.Native;

/// <summary>
/// A stream of a GPU's work beside the one that TorchSharp computes on, so that gradients travel while others are computed; by the CUDA
/// runtime that libtorch has loaded.
/// </summary>
internal sealed unsafe class CudaStream
{
    private const uint NonBlocking = 1; // cudaStreamNonBlocking
    private const uint DisableTiming = 2; // cudaEventDisableTiming

    private readonly int device;
    private readonly nint reached;
    private readonly delegate* unmanaged<int, int> setDevice;
    private readonly delegate* unmanaged<nint, nint, int> recordEvent;
    private readonly delegate* unmanaged<nint, nint, uint, int> waitEvent;

    /// <summary>Makes the stream.</summary>
    /// <param name="runtime">The CUDA runtime's library.</param>
    /// <param name="device">The GPU's number.</param>
    public CudaStream(nint runtime, int device)
    {
        nint Export(string name) => NativeLibrary.GetExport(runtime, name);
        this.device = device;
        setDevice = (delegate* unmanaged<int, int>)Export("cudaSetDevice");
        recordEvent = (delegate* unmanaged<nint, nint, int>)Export("cudaEventRecord");
        waitEvent = (delegate* unmanaged<nint, nint, uint, int>)Export("cudaStreamWaitEvent");
        var newStream = (delegate* unmanaged<nint*, uint, int>)Export("cudaStreamCreateWithFlags");
        var newEvent = (delegate* unmanaged<nint*, uint, int>)Export("cudaEventCreateWithFlags");
        nint stream,
            happened;
        Use();
        Check(newStream(&stream, NonBlocking));
        Check(newEvent(&happened, DisableTiming));
        (Handle, reached) = (stream, happened);
    }

    /// <summary><c>cudaStream_t</c>.</summary>
    public nint Handle { get; }

    /// <summary>Finds the CUDA runtime among the libraries of this process.</summary>
    /// <param name="loaded">Their files.</param>
    /// <exception cref="ImgAlignException">It is not there.</exception>
    public static nint FindRuntime(IReadOnlyList<string> loaded) =>
        loaded.FirstOrDefault(static file => Path.GetFileName(file).Contains("cudart", StringComparison.Ordinal)) is { } file
            ? NativeLibrary.Load(file)
            : throw new ImgAlignException(
                "The CUDA runtime (libcudart) is not among the libraries of this process, so that GPUs cannot exchange gradients; run "
                    + "`imgalign doctor`."
            );

    /// <summary>Makes the GPU this thread's.</summary>
    public void Use() => Check(setDevice(device));

    /// <summary>Lets later work on the stream wait for all that TorchSharp has queued so far.</summary>
    public void WaitForTorch() => Order(first: 0, second: Handle);

    /// <summary>Lets later work of TorchSharp wait for all that the stream has queued so far.</summary>
    public void LetTorchWait() => Order(first: Handle, second: 0);

    // 0 is the default stream, TorchSharp's. An event stands for what was queued when it was recorded, so that one serves all.
    private void Order(nint first, nint second)
    {
        Check(recordEvent(reached, first));
        Check(waitEvent(second, reached, 0));
    }

    private static void Check(int code)
    {
        if (code != 0)
            throw new ImgAlignException($"CUDA refused to order the exchange of gradients: cudaError {code}.");
    }
}
