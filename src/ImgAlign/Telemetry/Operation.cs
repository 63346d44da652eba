using System.Diagnostics;
using ImgAlign.Runtime;
using Microsoft.Extensions.Logging;

namespace ImgAlign.Telemetry;

/// <summary>One call of the pipeline as its caller sees it, with the wait for the device: the outermost activity, its metric and log
/// lines.</summary>
internal sealed class Operation : IDisposable
{
    private readonly string name;
    private readonly string model;
    private readonly long seed;
    private readonly string? prompt;
    private readonly ILogger logger;
    private readonly Activity? activity;
    private readonly long start = Stopwatch.GetTimestamp();
    private string? error;

    /// <param name="name"><c>align</c>, <c>generate</c> or <c>describe</c>.</param>
    /// <param name="model">The name of the backbone or detector.</param>
    /// <param name="seed">The request's seed.</param>
    /// <param name="prompt">The prompt if it is to be recorded.</param>
    /// <param name="logger">Where messages go.</param>
    public Operation(string name, string model, long seed, string? prompt, ILogger logger)
    {
        this.name = name;
        this.model = model;
        this.seed = seed;
        this.prompt = prompt;
        this.logger = logger;
        activity = Instruments
            .Activities.StartActivity(name == "align" ? "invoke_workflow img" : $"invoke_workflow {name}")
            ?.SetTag(TelemetryNames.OperationName, "invoke_workflow")
            .SetTag(TelemetryNames.ProviderName, "imgalign")
            .SetTag(TelemetryNames.RequestModel, model)
            .SetTag(TelemetryNames.RequestSeed, seed);
        if (prompt is not null)
            activity?.SetTag(TelemetryNames.Prompt, prompt);
    }

    /// <summary>The device is free and the run begins.</summary>
    public void Starts(MemoryEstimate estimate, Workload workload, IReadOnlyList<string> warnings)
    {
        Log.RunStarts(logger, name, model, seed, workload.Batch, estimate);
        if (workload.InTiles)
            Log.WorksInTiles(logger, name);
        if (prompt is not null)
            Log.Prompt(logger, prompt);
        // They quote the prompts.
        if (prompt is null && warnings.Count > 0)
            Log.WarnedOfPrompts(logger, warnings.Count);
        foreach (var warning in prompt is null ? [] : warnings)
            Log.Warned(logger, warning);
    }

    /// <summary>The run is over.</summary>
    /// <param name="report">What it cost.</param>
    /// <param name="accepted">Whether any aligned picture was kept; null for a run without rounds.</param>
    public void Ends(RunReport report, bool? accepted)
    {
        if (accepted is { } kept)
            activity?.SetTag(TelemetryNames.Accepted, kept);
        Log.RunEnded(logger, name, report.Duration.TotalSeconds, MemoryEstimate.Text(report.Devices[0].PeakMemoryBytes ?? 0));
    }

    public void Fails(Exception exception)
    {
        error = exception.GetType().FullName;
        activity?.SetStatus(ActivityStatusCode.Error).SetTag(TelemetryNames.ErrorType, error);
        if (exception is OperationCanceledException)
            Log.RunCancelled(logger, name);
        else
            Log.RunFailed(logger, name, exception);
    }

    public void Dispose()
    {
        var tags = new TagList { { TelemetryNames.OperationName, name }, { TelemetryNames.RequestModel, model } };
        if (error is not null)
            tags.Add(TelemetryNames.ErrorType, error);
        Instruments.OperationDuration.Record(Stopwatch.GetElapsedTime(start).TotalSeconds, tags);
        activity?.Dispose();
    }
}
