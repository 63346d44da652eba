using System.Diagnostics;
using System.Runtime.InteropServices;
using ImgAlign.Networks.Layers;
using ImgAlign.Runtime;
using ImgAlign.Telemetry;
using Microsoft.Extensions.Logging;
using TorchSharp;

namespace ImgAlign.Running;

/// <summary>
/// One run in progress, on the worker thread of its first device. Every stage goes through it, to the device of the model at work, so that
/// progress, cancellation, timings, activities, metrics and logs are the same for all and out of the way of the method.
/// </summary>
internal sealed class RunContext : IDisposable
{
    private readonly IReadOnlyList<MemoryEstimate> estimates;
    private readonly IReadOnlyList<DeviceRuntime> runtimes;
    private readonly IReadOnlyList<PeakMemory> peaks;
    private readonly IReadOnlyList<bool> usesWideGemm;
    private readonly ILogger logger;
    private readonly Action<RunUpdate>? report;
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private readonly List<StageTiming> timings = [];
    private readonly Lock reporting = new(); // lanes on several devices report at once
    private RunStage stage;
    private int step;
    private int steps;
    private double planned = double.PositiveInfinity;
    private double done;
    private double progress;
    private RunReport? finished;

    /// <summary>Begins a run.</summary>
    /// <param name="devices">The devices that it has reserved, with the memory that it is expected to need on each.</param>
    /// <param name="workload">What it asks of its models.</param>
    /// <param name="logger">Where messages go.</param>
    /// <param name="report">Given every update; must return at once.</param>
    /// <param name="cancellationToken">Ends the run before its next step.</param>
    public RunContext(
        IReadOnlyList<(DeviceRuntime Runtime, MemoryEstimate Estimate)> devices,
        Workload workload,
        ILogger logger,
        Action<RunUpdate>? report,
        CancellationToken cancellationToken
    )
    {
        (BatchSize, InTiles, this.logger, this.report, CancellationToken) = (
            workload.Batch,
            workload.InTiles,
            logger,
            report,
            cancellationToken
        );
        estimates = [.. devices.Select(static device => device.Estimate)];
        peaks = [.. devices.Select(static device => new PeakMemory(device.Runtime.Device))];
        foreach (var (runtime, _) in devices)
            runtime.Loading = loading => Report(new WeightsLoaded(loading.Network, loading.Bytes, loading.TotalBytes));
        runtimes = [.. devices.Select(static device => device.Runtime)];
        usesWideGemm = [.. devices.Select(static device => WideProducts.AreUsed(device.Runtime))];
        Report(new RunStarted(estimates, BatchSize, InTiles));
    }

    public CancellationToken CancellationToken { get; }

    /// <summary>The most items at once.</summary>
    public int BatchSize { get; }

    /// <summary>Whether models that can work tile by tile do, because memory does not suffice otherwise.</summary>
    public bool InTiles { get; }

    /// <summary>The round from 1, or 0 before the first.</summary>
    public int Round { get; set; }

    /// <summary>Whether any aligned picture was kept, for the trace; null in a run that aligns none.</summary>
    public bool? Accepted { get; set; }

    /// <summary>Says how much there is to do.</summary>
    /// <param name="units">Evaluations of the diffusion network for each picture, and one for each other stage.</param>
    public void Plan(double units) => planned = units;

    /// <summary>Runs one stage on the device of its model.</summary>
    /// <param name="stage">Which one.</param>
    /// <param name="model">The model at work.</param>
    /// <param name="work">What it does.</param>
    public T Stage<T>(RunStage stage, IModel model, Func<T> work)
    {
        T result = default!;
        Stage(stage, [model], static model => model, _ => result = work());
        return result;
    }

    /// <summary>Runs one stage on several devices at once.</summary>
    /// <param name="stage">Which one.</param>
    /// <param name="parts">Its parts.</param>
    /// <param name="modelOf">The model at work in a part.</param>
    /// <param name="work">What is done for a part, on the device of its model.</param>
    /// <param name="steps">The number of steps of all parts together.</param>
    public void Stage<TPart>(RunStage stage, IReadOnlyList<TPart> parts, Func<TPart, IModel> modelOf, Action<TPart> work, int steps = 1)
    {
        CancellationToken.ThrowIfCancellationRequested();
        (this.stage, this.steps, step) = (stage, steps, 0);
        Report(new StageStarted(stage, Round, steps));
        using var activity = StageActivity.Start(stage, modelOf(parts[0]).Name, Round);
        var start = Stopwatch.GetTimestamp();
        try
        {
            // Those of other devices begin first; this thread does its own meanwhile.
            var here = parts.Where(part => modelOf(part).Runtime.IsWorkerThread).ToList();
            var elsewhere = parts.Except(here).Select(part => modelOf(part).Runtime.RunAsync(() => Do(part), CancellationToken)).ToList();
            Complete([
                .. here.Select(part => (Action)(() => Do(part))),
                .. elsewhere.Select(task => (Action)(() => task.GetAwaiter().GetResult())),
            ]);
        }
        catch (Exception exception)
        {
            activity?.SetStatus(ActivityStatusCode.Error).SetTag(TelemetryNames.ErrorType, exception.GetType().FullName);
            throw;
        }
        var timing = new StageTiming(stage, Round, Stopwatch.GetElapsedTime(start));
        timings.Add(timing);
        if (stage != RunStage.Generate)
            done++;
        Instruments.PhaseDuration.Record(
            timing.Duration.TotalSeconds,
            new KeyValuePair<string, object?>(TelemetryNames.Phase, stage.ToString())
        );
        Log.StageEnded(logger, stage, Round, timing.Duration.TotalSeconds);
        Report(new StageCompleted(timing));

        void Do(TPart part)
        {
            var model = modelOf(part);
            try
            {
                work(part);
                if (model.Runtime.Device.type == DeviceType.CUDA)
                    torch.cuda.synchronize(model.Runtime.Device);
            }
            catch (ExternalException exception) when (OutOfMemory.Is(exception))
            {
                throw new DeviceMemoryException(
                    $"{model.Runtime.Name} ran out of memory in the stage {stage} of {model.Name}, although the estimate was "
                        + $"{Estimate(model.Runtime)}; "
                        + "use a smaller Size or MaxBatchSize, or another Residency or Precision.",
                    exception
                );
            }
        }
    }

    /// <summary>Encodes pictures as image prompts.</summary>
    /// <param name="backbone">The backbone that they are for.</param>
    /// <param name="encoder">Its encoder.</param>
    /// <param name="images">The pictures.</param>
    /// <returns>A row a picture, <c>[B, n, d]</c>; disposed by the caller.</returns>
    public torch.Tensor EncodeImages(IDiffusionBackbone backbone, IImagePromptEncoder encoder, IReadOnlyList<RgbImage> images) =>
        Stage(
            RunStage.EncodeImage,
            backbone,
            () =>
            {
                using var scope = torch.NewDisposeScope();
                return torch.cat([.. images.Chunk(BatchSize).Select(encoder.Encode)]).DetachFromDisposeScope();
            }
        );

    /// <summary>One step of the current stage is done.</summary>
    /// <param name="duration">How long it took.</param>
    /// <param name="pictures">How many pictures it computed.</param>
    public void Step(TimeSpan duration, int pictures)
    {
        Instruments.StepDuration.Record(duration.TotalSeconds);
        lock (reporting)
        {
            done += pictures;
            Report(new StepCompleted(stage, Round, ++step, steps));
        }
    }

    /// <summary>A picture of an item's search is judged.</summary>
    public void Report(int item, Candidate candidate)
    {
        Log.CandidateJudged(logger, candidate.Number, item, candidate.Action, candidate.Accepted ? "kept" : "not kept");
        Report(new CandidateReady(item, candidate));
    }

    /// <summary>Passes an update on.</summary>
    public void Report(RunUpdate update)
    {
        lock (reporting)
        {
            update.Progress = progress = Math.Max(progress, Math.Min(done / planned, 1));
            report?.Invoke(update);
        }
    }

    /// <summary>What the run has cost.</summary>
    public RunReport Finish()
    {
        if (finished is not null)
            return finished;
        var devices = estimates
            .Zip(peaks, usesWideGemm)
            .Select(static device => new DeviceReport(device.First, device.Second.Bytes, device.Third))
            .ToList();
        if (devices[0].PeakMemoryBytes is { } bytes)
            Instruments.MemoryUsage.Record(bytes);
        return finished = new RunReport
        {
            Duration = watch.Elapsed,
            BatchSize = BatchSize,
            InTiles = InTiles,
            Timings = timings,
            Devices = devices,
        };
    }

    public void Dispose()
    {
        foreach (var runtime in runtimes)
            runtime.Loading = null;
        foreach (var peak in peaks)
            peak.Dispose();
    }

    private MemoryEstimate? Estimate(DeviceRuntime runtime) => estimates.FirstOrDefault(estimate => estimate.Device == runtime.Name);

    // All of them, whatever one throws: none may go on computing behind a run that has failed.
    private static void Complete(IReadOnlyList<Action> actions)
    {
        List<System.Runtime.ExceptionServices.ExceptionDispatchInfo> failures = [];
        foreach (var action in actions)
        {
            try
            {
                action();
            }
#pragma warning disable CA1031 // The first one is thrown again below.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                failures.Add(System.Runtime.ExceptionServices.ExceptionDispatchInfo.Capture(exception));
            }
        }
        if (failures.Count > 0)
            failures[0].Throw();
    }
}
