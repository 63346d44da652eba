namespace ImgAlign.Telemetry;

/// <summary>The names under which ImgAlign reports, for those who subscribe. Those of <c>gen_ai</c> are OpenTelemetry's
/// conventions.</summary>
public static class TelemetryNames
{
    /// <summary>The name of the <see cref="System.Diagnostics.ActivitySource"/> and of the
    /// <see cref="System.Diagnostics.Metrics.Meter"/>.</summary>
    public const string Source = "ImgAlign";

    /// <summary>Histogram, seconds: a whole run, with the wait for the device.</summary>
    internal const string OperationDuration = "gen_ai.client.operation.duration";

    /// <summary>Histogram, seconds: one stage, with the tag <see cref="Phase"/>.</summary>
    internal const string PhaseDuration = "imgalign.phase.duration";

    /// <summary>Histogram, seconds: one sampler step.</summary>
    internal const string StepDuration = "imgalign.step.duration";

    /// <summary>Histogram, bytes: the peak of a run.</summary>
    internal const string MemoryUsage = "imgalign.memory.usage";

    /// <summary>Counter that goes up and down: the runs that wait for a device, with the tag <see cref="Device"/>.</summary>
    internal const string QueueLength = "imgalign.queue.length";

    /// <summary>Gauge: the native tensors that are alive in the process.</summary>
    internal const string LiveTensors = "imgalign.tensor.live";

    /// <summary>Tag: <c>invoke_workflow</c>, <c>generate_content</c> or <c>chat</c>.</summary>
    internal const string OperationName = "gen_ai.operation.name";

    /// <summary>Tag: always <c>imgalign</c>.</summary>
    internal const string ProviderName = "gen_ai.provider.name";

    /// <summary>Tag: the backbone's or detector's name.</summary>
    internal const string RequestModel = "gen_ai.request.model";

    /// <summary>Tag: the request's seed.</summary>
    internal const string RequestSeed = "gen_ai.request.seed";

    /// <summary>Tag: <c>image</c> or <c>text</c>.</summary>
    internal const string OutputType = "gen_ai.output.type";

    /// <summary>Tag: the type of the exception that ended the operation.</summary>
    internal const string ErrorType = "error.type";

    /// <summary>Tag: the round from 1, or 0 before the first.</summary>
    internal const string Round = "imgalign.round";

    /// <summary>Tag: the device's name.</summary>
    internal const string Device = "imgalign.device";

    /// <summary>Tag: the <see cref="RunStage"/>.</summary>
    internal const string Phase = "imgalign.phase";

    /// <summary>Tag of the whole run: whether any aligned picture was kept.</summary>
    internal const string Accepted = "imgalign.accepted";

    /// <summary>Tag: the prompt; only where recording prompts was asked for.</summary>
    internal const string Prompt = "imgalign.prompt";
}
