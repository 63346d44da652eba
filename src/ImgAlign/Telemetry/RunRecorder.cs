using System.Diagnostics;
using System.Runtime.InteropServices;
using ImgAlign.Runtime;
using Microsoft.Extensions.Logging;
using TorchSharp;

namespace ImgAlign.Telemetry;

/// <summary>
/// Watches one run on the worker thread: every stage goes through it, so that progress, cancellation, timings, activities, metrics and
/// logs are the same for all and out of the way of the method.
/// </summary>
internal sealed class RunRecorder : IDisposable
{
    private readonly DeviceRuntime runtime;
    private readonly MemoryEstimate estimate;
    private readonly ILogger logger;
    private readonly IProgress<AlignmentUpdate>? progress;
    private readonly Stopwatch watch = Stopwatch.StartNew();
    private readonly List<StageTiming> timings = [];
    private readonly PeakMemory peak;

    public RunRecorder(DeviceRuntime runtime, MemoryEstimate estimate, ILogger logger, IProgress<AlignmentUpdate>? progress, CancellationToken cancellationToken)
    {
        this.runtime = runtime;
        this.estimate = estimate;
        this.logger = logger;
        this.progress = progress;
        CancellationToken = cancellationToken;
        peak = new PeakMemory(runtime.Device);
    }

    public CancellationToken CancellationToken { get; }

    /// <summary>The round from 1, or 0 before the first.</summary>
    public int Round { get; set; }

    /// <summary>Runs one stage.</summary>
    /// <param name="stage">Which one.</param>
    /// <param name="model">The name of the model at work.</param>
    /// <param name="work">What it does.</param>
    /// <param name="stepCount">Its number of steps.</param>
    public T Stage<T>(AlignmentStage stage, string model, Func<T> work, int stepCount = 1)
    {
        CancellationToken.ThrowIfCancellationRequested();
        Report(new AlignmentUpdate(stage, Round) { StepCount = stepCount, Estimate = timings.Count == 0 ? estimate : null });
        using var activity = StartActivity(stage, model);
        var start = Stopwatch.GetTimestamp();
        T result;
        try
        {
            result = work();
            if (runtime.Device.type == DeviceType.CUDA) torch.cuda.synchronize(runtime.Device);
        }
        catch (ExternalException exception) when (IsOutOfMemory(exception))
        {
            throw Fail(activity, new ImgAlignException($"{runtime.Device} ran out of memory in the stage {stage} of {model}, although {estimate} were expected; " +
                $"use a smaller Size, or another Residency or Precision.", exception));
        }
        catch (Exception exception)
        {
            Fail(activity, exception);
            throw;
        }
        var duration = Stopwatch.GetElapsedTime(start);
        timings.Add(new StageTiming(stage, Round, duration));
        Instruments.PhaseDuration.Record(duration.TotalSeconds, new KeyValuePair<string, object?>(TelemetryNames.Phase, stage.ToString()));
        Log.StageEnded(logger, stage, Round, duration.TotalSeconds);
        return result;
    }

    /// <summary>One step of the current stage is done.</summary>
    public void Step(AlignmentStage stage, int done, int stepCount, TimeSpan duration, RgbImage? preview)
    {
        Instruments.StepDuration.Record(duration.TotalSeconds);
        Report(new AlignmentUpdate(stage, Round) { Step = done, StepCount = stepCount, Preview = preview });
    }

    /// <summary>A round is over.</summary>
    public void EndRound(AlignmentRound round)
    {
        Log.RoundEnded(logger, round.Number, round.Accepted ? "the aligned picture is kept" : "the aligned picture scores no higher and is dropped");
        Report(new AlignmentUpdate(timings[^1].Stage, Round) { Step = 1, CompletedRound = round });
    }

    public void Report(AlignmentUpdate update) => progress?.Report(update);

    /// <summary>What the run has cost so far.</summary>
    public RunReport Finish()
    {
        var bytes = peak.Bytes;
        if (bytes is { } known) Instruments.MemoryUsage.Record(known);
        return new RunReport(watch.Elapsed, timings, estimate, bytes);
    }

    public void Dispose() => peak.Dispose();

    private Activity? StartActivity(AlignmentStage stage, string model)
    {
        var (name, operation, output) = stage switch
        {
            AlignmentStage.Generate => ($"generate_content {model}", "generate_content", "image"),
            AlignmentStage.Detect or AlignmentStage.Describe => ($"chat {model}", "chat", "text"),
            _ => ($"imgalign.{stage.ToString().ToLowerInvariant()}", null, null),
        };
        return Instruments.Activities.StartActivity(name)?
            .SetTag(TelemetryNames.OperationName, operation)
            .SetTag(TelemetryNames.ProviderName, operation is null ? null : "imgalign")
            .SetTag(TelemetryNames.RequestModel, model)
            .SetTag(TelemetryNames.OutputType, output)
            .SetTag(TelemetryNames.Phase, stage.ToString())
            .SetTag(TelemetryNames.Round, Round);
    }

    private static Exception Fail(Activity? activity, Exception exception)
    {
        activity?.SetStatus(ActivityStatusCode.Error).SetTag(TelemetryNames.ErrorType, exception.GetType().FullName);
        return exception;
    }

    private static bool IsOutOfMemory(ExternalException exception) =>
        exception.Message.Contains("out of memory", StringComparison.OrdinalIgnoreCase) ||
        exception.Message.Contains("can't allocate memory", StringComparison.OrdinalIgnoreCase);
}
