using System.Globalization;
using TorchSharp;

namespace ImgAlign.Runtime;

/// <summary>
/// One device with everything that runs on it: its worker thread, the number format, and the book-keeping of which networks are in its
/// memory. Models and pipelines that share a device share its runtime.
/// </summary>
public sealed class DeviceRuntime : IDisposable
{
    private readonly long? freeBytesAtStart;

    /// <summary>Finds the device; loads nothing.</summary>
    /// <param name="options">Where and how to run.</param>
    /// <exception cref="ImgAlignException">An option is out of its range, the device is absent, or it does not support the precision.</exception>
    public DeviceRuntime(RuntimeOptions options) : this(options, ResolveDevice(options.Device)) { }

    internal DeviceRuntime(RuntimeOptions options, torch.Device device)
    {
        RequireValid(options);
        Options = options;
        Device = device;
        Type = ResolveType(options.Precision, device);
        Residency = new Residency(options.Residency);
        Worker = new DeviceWorker(device, options.Threads);
        if (device.type != DeviceType.CUDA) return;
        freeBytesAtStart = DeviceMemory.Query(device)?.FreeBytes;
        // 32 bits means 32 bits: by default convolutions would be computed in TF32, with 19. This is the process's setting.
        if (Type == torch.float32) torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = false;
    }

    /// <summary>The options that it was made with.</summary>
    public RuntimeOptions Options { get; }

    /// <summary>The device.</summary>
    public torch.Device Device { get; }

    /// <summary>The number format of weights and activations.</summary>
    public torch.ScalarType Type { get; }

    /// <summary>The thread that everything on this device runs on.</summary>
    public DeviceWorker Worker { get; }

    /// <summary>Which networks are in the device's memory at the same time.</summary>
    public ResidencyPolicy Policy => Residency.Policy;

    internal Residency Residency { get; }

    /// <summary>Whether what is not in use waits in host memory. On the CPU there is no other memory to wait in.</summary>
    internal bool OffloadsToHost => Device.type != DeviceType.CPU && Policy is (ResidencyPolicy.OffloadToHost or ResidencyPolicy.StreamBlocks);

    /// <summary>Whether what is not in use is released, and read from its files when it is needed again.</summary>
    internal bool ReleasesUnused => Policy == ResidencyPolicy.LoadOnDemand || (Policy == ResidencyPolicy.StreamBlocks && !OffloadsToHost);

    /// <summary>Compares what stages need with what is there. On the worker thread.</summary>
    internal MemoryEstimate Estimate(IEnumerable<StageFootprint> stages)
    {
        var available = Options.MemoryBudgetBytes;
        // libtorch keeps freed GPU memory for itself, so that what was free before it began tells more than what is free now.
        if (Device.type == DeviceType.CUDA) available ??= freeBytesAtStart;
        else if (available is null && DeviceMemory.Query(Device) is { } host) available = Math.Min(host.TotalBytes, host.FreeBytes + Residency.DeviceBytes);
        return new MemoryEstimate(Device.type == DeviceType.CPU ? "cpu" : Device.ToString(), Policy, [.. stages], available);
    }

    /// <summary>Waits for the work in progress and ends the worker thread. Models belong to whoever made them.</summary>
    public void Dispose() => Worker.Dispose();

    private static torch.Device ResolveDevice(string name)
    {
        LibTorchLoader.Load();
        if (name == "cpu") return torch.CPU;
        var index = 0;
        if (name != "cuda" && !(name.StartsWith("cuda:", StringComparison.Ordinal) && int.TryParse(name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out index)))
            throw new ImgAlignException($"Device '{name}' is not known; use cpu, cuda or cuda:N.");
        if (!torch.cuda.is_available())
            throw new ImgAlignException($"Device '{name}' was asked for, but this process sees no CUDA GPU: run `imgalign doctor`, or build with -p:TorchBackend=cuda, or ask for the device cpu.");
        if (index >= torch.cuda.device_count())
            throw new ImgAlignException($"Device '{name}' was asked for, but there are {torch.cuda.device_count()} GPUs, counted from cuda:0.");
        return new torch.Device(DeviceType.CUDA, index);
    }

    // A container checks its options when it starts; a program that has none is checked here.
    private static void RequireValid(RuntimeOptions options)
    {
        if (new RuntimeOptionsValidator().Validate(null, options) is { Failed: true } problems) throw new ImgAlignException(problems.FailureMessage);
    }

    private static torch.ScalarType ResolveType(Precision precision, torch.Device device) => precision switch
    {
        Precision.Auto => device.type == DeviceType.CPU ? torch.float32 : torch.bfloat16,
        Precision.Float32 => torch.float32,
        Precision.BFloat16 => torch.bfloat16,
        Precision.Float16 when device.type == DeviceType.CPU => throw new ImgAlignException("Float16 is unusably slow on the CPU; use BFloat16 or Float32 there."),
        Precision.Float16 => torch.float16,
        _ => throw new ArgumentOutOfRangeException(nameof(precision)),
    };
}
