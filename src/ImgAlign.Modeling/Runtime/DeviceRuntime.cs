using System.Globalization;
using System.Threading.RateLimiting;
using TorchSharp;

namespace ImgAlign.Runtime;

/// <summary>
/// One device with everything that runs on it: its worker thread, the number format, the runs that wait for it, and which networks are in
/// its memory.
/// Models and pipelines that share a device share its runtime.
/// </summary>
public sealed class DeviceRuntime : IDisposable, IAsyncDisposable
{
    private static long count;

    private readonly long? freeBytesAtStart;
    private readonly DeviceWorker worker;
    private readonly ConcurrencyLimiter runs;
    private volatile bool isDisposed;

    /// <summary>Finds the device; loads nothing.</summary>
    /// <param name="options">Where and how to run.</param>
    /// <param name="name">The name in messages and records; null: the device's own, such as <c>cuda:0</c>.</param>
    /// <exception cref="ImgAlignException">An option is out of its range, the device is absent, or it does not support the
    /// precision.</exception>
    public DeviceRuntime(RuntimeOptions options, string? name = null)
        : this(options, ResolveDevice(options.Device), name) { }

    internal DeviceRuntime(RuntimeOptions options, torch.Device device, string? name = null)
    {
        RequireValid(options);
        Id = Interlocked.Increment(ref count);
        Options = options;
        Device = device;
        Name = name ?? (device.type == DeviceType.CPU ? "cpu" : device.ToString());
        Type = ResolveType(options.Precision, device);
        Residency = new Residency(options.Residency);
        worker = new DeviceWorker(this);
        runs = new ConcurrencyLimiter(
            new ConcurrencyLimiterOptions
            {
                PermitLimit = 1,
                QueueLimit = options.QueueLimit,
                QueueProcessingOrder = QueueProcessingOrder.OldestFirst,
            }
        );
        if (device.type != DeviceType.CUDA)
            return;
        freeBytesAtStart = DeviceMemory.Query(device)?.FreeBytes;
        // 32 bits means 32 bits: by default convolutions would be computed in TF32, with 19. This is the process's setting.
        if (Type == torch.float32)
            torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = false;
    }

    /// <summary>Counts up with every runtime of the process: the order in which a run that needs several reserves them.</summary>
    public long Id { get; }

    /// <summary>The name in messages and records, such as <c>cuda:0</c>.</summary>
    public string Name { get; }

    /// <summary>The options that it was made with.</summary>
    public RuntimeOptions Options { get; }

    /// <summary>The device.</summary>
    public torch.Device Device { get; }

    /// <summary>The number format of weights and activations.</summary>
    public torch.ScalarType Type { get; }

    /// <summary>Which networks are in the device's memory.</summary>
    public Residency Residency { get; }

    /// <summary>The device whose worker thread the calling one is; null on all other threads.</summary>
    public static DeviceRuntime? Current => DeviceWorker.Current;

    /// <summary>Whether the calling thread is this device's worker thread.</summary>
    public bool IsWorkerThread => Current == this;

    /// <summary>The token of the work that runs now on the worker thread, for what goes on deep inside of it, such as reading
    /// weights, which it ends.</summary>
    public CancellationToken CancellationToken => worker.CancellationToken;

    /// <summary>Told on the worker thread how far the weights are that are being read, for the run that has the device; null: nobody.</summary>
    public Action<WeightsLoading>? Loading { get; set; }

    /// <summary>The number of runs that wait for the device.</summary>
    public int QueueLength => (int)(runs.GetStatistics()?.CurrentQueuedCount ?? 0);

    /// <summary>Runs work on the device's worker thread, without gradients, behind what was asked for before. Tensors that it makes belong
    /// to whoever disposes them.</summary>
    /// <param name="work">The work.</param>
    /// <param name="cancellationToken">Takes the work out of the queue; once it runs, the work itself watches the token.</param>
    /// <returns>The work's result or exception.</returns>
    /// <exception cref="ObjectDisposedException">The runtime has been disposed.</exception>
    public Task<TResult> RunAsync<TResult>(Func<TResult> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        return worker.RunAsync(work, cancellationToken);
    }

    /// <inheritdoc cref="RunAsync{TResult}"/>
    public Task RunAsync(Action work, CancellationToken cancellationToken = default) =>
        RunAsync(
            () =>
            {
                work();
                return true;
            },
            cancellationToken
        );

    /// <summary>Waits until no other run has the device: a run of several stages keeps it until it disposes what it is given.</summary>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="DeviceBusyException">As many runs as may wait (<see cref="RuntimeOptions.QueueLimit"/>) are waiting
    /// already.</exception>
    /// <exception cref="ObjectDisposedException">The runtime has been disposed.</exception>
    public async Task<IDisposable> ReserveAsync(CancellationToken cancellationToken = default)
    {
        var lease = await runs.AcquireAsync(1, cancellationToken).ConfigureAwait(false);
        if (lease.IsAcquired)
            return lease;
        lease.Dispose();
        ObjectDisposedException.ThrowIf(isDisposed, this);
        throw new DeviceBusyException(
            $"{Name} has {QueueLength} runs waiting, as many as QueueLimit allows; ask again later, or raise it."
        );
    }

    /// <summary>Loads all networks to where the residency policy lets them wait, so that the first run need not.</summary>
    /// <param name="cancellationToken">Ends it before the next network.</param>
    /// <exception cref="ImgAlignException">Weights cannot be read.</exception>
    public Task WarmUpAsync(CancellationToken cancellationToken = default) => RunAloneAsync(Residency.WarmUp, cancellationToken);

    /// <summary>Releases all networks; the next run loads them again.</summary>
    /// <param name="cancellationToken">Takes this out of the queue.</param>
    public Task UnloadAsync(CancellationToken cancellationToken = default) => RunAloneAsync(Residency.Unload, cancellationToken);

    /// <summary>Whether what is not in use waits in host memory. On the CPU there is no other memory to wait in.</summary>
    public bool OffloadsToHost =>
        Device.type != DeviceType.CPU && Residency.Policy is (ResidencyPolicy.OffloadToHost or ResidencyPolicy.StreamBlocks);

    /// <summary>Whether what is not in use is released, and read from its files when it is needed again.</summary>
    public bool ReleasesUnused =>
        Residency.Policy == ResidencyPolicy.LoadOnDemand || (Residency.Policy == ResidencyPolicy.StreamBlocks && !OffloadsToHost);

    /// <summary>The number format of a precision on this device; of Auto, the one that it was made with.</summary>
    /// <exception cref="ImgAlignException">The device cannot compute in it.</exception>
    public torch.ScalarType TypeOf(Precision precision) => precision == Precision.Auto ? Type : ResolveType(precision, Device);

    /// <summary>Compares what stages need with what is there.</summary>
    /// <param name="stages">The stages of a run.</param>
    public MemoryEstimate Estimate(IEnumerable<StageFootprint> stages)
    {
        var available = Options.MemoryBudgetBytes;
        // libtorch keeps freed GPU memory for itself, so that what was free before it began tells more than what is free now.
        if (Device.type == DeviceType.CUDA)
            available ??= freeBytesAtStart;
        else if (available is null && DeviceMemory.Query(Device) is { } host)
            available = Math.Min(host.TotalBytes, host.FreeBytes + Residency.DeviceBytes);
        return new MemoryEstimate(Name, Device.type == DeviceType.CPU, Residency.Policy, [.. stages], available);
    }

    /// <summary>Waits for the work in progress and ends the worker thread. Models belong to whoever made them. On the worker thread itself,
    /// it waits for nothing.</summary>
    public void Dispose() => DisposeAsync().AsTask().GetAwaiter().GetResult();

    /// <inheritdoc cref="Dispose"/>
    public async ValueTask DisposeAsync()
    {
        isDisposed = true;
        await runs.DisposeAsync().ConfigureAwait(false); // runs that wait are refused
        var ended = worker.EndAsync();
        if (!IsWorkerThread)
            await ended.ConfigureAwait(false);
    }

    private async Task RunAloneAsync(Action work, CancellationToken cancellationToken)
    {
        using var reservation = await ReserveAsync(cancellationToken).ConfigureAwait(false);
        await RunAsync(work, cancellationToken).ConfigureAwait(false);
    }

    private static torch.Device ResolveDevice(string name)
    {
        LibTorchLoader.Load();
        if (name == "cpu")
            return torch.CPU;
        var index = 0;
        if (
            name != "cuda"
            && !(
                name.StartsWith("cuda:", StringComparison.Ordinal)
                && int.TryParse(name.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out index)
            )
        )
            throw new ImgAlignException($"Device '{name}' is not known; use cpu, cuda or cuda:N.");
        if (!torch.cuda.is_available())
            throw new ImgAlignException(
                $"Device '{name}' was asked for, but this process sees no CUDA GPU: run `imgalign doctor`, or build with "
                    + "-p:TorchBackend=cuda, or ask for the device cpu."
            );
        if (index >= torch.cuda.device_count())
            throw new ImgAlignException(
                $"Device '{name}' was asked for, but there are {torch.cuda.device_count()} GPUs, counted from cuda:0."
            );
        return new torch.Device(DeviceType.CUDA, index);
    }

    // A container checks its options when it starts; a program that has none is checked here.
    private static void RequireValid(RuntimeOptions options)
    {
        if (new RuntimeOptionsValidator().Validate(null, options) is { Failed: true } problems)
            throw new ImgAlignException(problems.FailureMessage);
    }

    private static torch.ScalarType ResolveType(Precision precision, torch.Device device) =>
        precision switch
        {
            Precision.Auto => device.type == DeviceType.CPU ? torch.float32 : torch.bfloat16,
            Precision.Float32 => torch.float32,
            Precision.BFloat16 => torch.bfloat16,
            Precision.Float16 when device.type == DeviceType.CPU => throw new ImgAlignException(
                "Float16 is unusably slow on the CPU; use BFloat16 or Float32 there."
            ),
            Precision.Float16 => torch.float16,
            _ => throw new ArgumentOutOfRangeException(nameof(precision)),
        };
}
