using System.Text;
using ImgAlign.Runtime;
using ImgAlign.Training.Native;
using static TorchSharp.torch;

namespace ImgAlign.Training.Parallel;

/// <summary>
/// One process a GPU: tensors travel by NCCL, on a stream of their own, and control values over TCP. A kernel that waits for a process that
/// is gone waits for ever, and with it the thread that waits for the kernel; so does joining. This process then ends by itself.
/// </summary>
internal sealed class NcclProcessGroup : IProcessGroup
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan BetweenLooks = TimeSpan.FromSeconds(1);

    private readonly Nccl nccl;
    private readonly CudaStream stream;
    private readonly ControlChannel control;
    private readonly LibTorchInterface libTorch = LibTorchInterface.Require();
    private readonly ManualResetEventSlim left = new();
    private readonly Thread watch;
    private volatile nint communicator; // 0 until all have joined

    private NcclProcessGroup(Nccl nccl, CudaStream stream, ControlChannel control, LaunchEnvironment launch)
    {
        (this.nccl, this.stream, this.control) = (nccl, stream, control);
        (Rank, Size) = (launch.Rank, launch.Size);
        watch = new Thread(Watch) { IsBackground = true, Name = "NCCL watch" };
        watch.Start();
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size { get; }

    /// <summary>Joins the others; once a process.</summary>
    /// <param name="launch">Who they are.</param>
    /// <param name="device">This process's GPU.</param>
    /// <exception cref="ImgAlignException">There is no NCCL, or the others do not come.</exception>
    public static NcclProcessGroup Join(LaunchEnvironment launch, Device device)
    {
        var loaded = LoadedLibraries.Files();
        var nccl = new Nccl(Nccl.FindLibrary(loaded));
        return Join(launch, nccl, new CudaStream(CudaStream.FindRuntime(loaded), device.index));
    }

    internal static NcclProcessGroup Join(LaunchEnvironment launch, Nccl nccl, CudaStream stream)
    {
        var group = new NcclProcessGroup(nccl, stream, ControlChannel.Open(launch, Patience), launch);
        try
        {
            var id = group.control.Broadcast(launch.Rank == 0 ? nccl.NewId() : []);
            stream.Use();
            // It waits for all others, so that the watch is needed already.
            group.communicator = nccl.Join(id, launch.Rank, launch.Size);
            return group;
        }
        catch
        {
            group.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Sum(Span<double> values) => control.Sum(values);

    /// <inheritdoc/>
    public string Broadcast(string text) => Encoding.UTF8.GetString(control.Broadcast(Encoding.UTF8.GetBytes(text)));

    /// <inheritdoc/>
    public void Broadcast(Tensor tensor)
    {
        Begin();
        nccl.Broadcast(communicator, libTorch.DataPointer(tensor), tensor.numel(), tensor.dtype, stream.Handle);
    }

    /// <inheritdoc/>
    public void ReduceScatterMean(Tensor tensor)
    {
        Begin();
        var (values, part, count) = Locate(tensor);
        nccl.ReduceScatterMean(communicator, values, part, count, tensor.dtype, stream.Handle);
    }

    /// <inheritdoc/>
    public void AllGather(Tensor tensor)
    {
        Begin();
        var (values, part, count) = Locate(tensor);
        nccl.AllGather(communicator, values, part, count, tensor.dtype, stream.Handle);
    }

    /// <inheritdoc/>
    public void Synchronize()
    {
        stream.Use();
        stream.LetTorchWait();
    }

    /// <inheritdoc/>
    public void Complete()
    {
        control.Complete();
        left.Set();
        watch.Join();
        nccl.Destroy(communicator);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        left.Set();
        control.Dispose();
    }

    // Any thread may call: it needs the GPU, and what travels must have been computed.
    private void Begin()
    {
        if (control.Loss is { } loss)
            throw new ImgAlignException(loss);
        stream.Use();
        stream.WaitForTorch();
    }

    // A tensor's memory, that of this process's part, and the elements of a part.
    private (nint Values, nint Part, long Count) Locate(Tensor tensor)
    {
        var (values, count) = (libTorch.DataPointer(tensor), tensor.numel() / Size);
        return (values, (nint)(values + Rank * count * tensor.element_size()), count);
    }

    private void Watch()
    {
        while (!left.Wait(BetweenLooks))
        {
            var sentence = control.Loss ?? Error();
            if (sentence is null)
                continue;
            // The thread that trains says it, unless it waits for the GPU.
            if (left.Wait(Grace))
                return;
            Console.Error.WriteLine(sentence);
            Environment.Exit(1);
        }

        string? Error() =>
            communicator != 0 && nccl.FindError(communicator) is { } error
                ? $"Process {Rank} of {Size} has lost the others: {error}."
                : null;
    }
}
