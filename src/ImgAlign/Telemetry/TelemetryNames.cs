namespace ImgAlign.Telemetry;

/// <summary>The names under which ImgAlign reports, for those who subscribe. Those of <c>gen_ai</c> are OpenTelemetry's conventions.</summary>
public static class TelemetryNames
{
    /// <summary>The name of the <see cref="System.Diagnostics.ActivitySource"/> and of the <see cref="System.Diagnostics.Metrics.Meter"/>.</summary>
    public const string Source = "ImgAlign";

    /// <summary>Histogram, seconds: a whole run, with the wait for the device.</summary>
    public const string OperationDuration = "gen_ai.client.operation.duration";

    /// <summary>Histogram, seconds: one stage, with the tag <see cref="Phase"/>.</summary>
    public const string PhaseDuration = "imgalign.phase.duration";

    /// <summary>Histogram, seconds: one sampler step.</summary>
    public const string StepDuration = "imgalign.step.duration";

    /// <summary>Histogram, bytes: the peak of a run.</summary>
    public const string MemoryUsage = "imgalign.memory.usage";

    /// <summary>Gauge: the native tensors that are alive in the process.</summary>
    public const string LiveTensors = "imgalign.tensor.live";

    /// <summary>Counter: the optimiser's steps of a training. It and what follows have the tag <see cref="TrainingTask"/>.</summary>
    public const string TrainingSteps = "imgalign.training.steps";

    /// <summary>Counter: the samples trained on, one that comes twice counted twice.</summary>
    public const string TrainingSamples = "imgalign.training.samples";

    /// <summary>Counter: the samples that are skipped because something is wrong with them.</summary>
    public const string TrainingSkipped = "imgalign.training.skipped";

    /// <summary>Histogram, seconds: one step of a training, with the reading of its data.</summary>
    public const string TrainingStepDuration = "imgalign.training.step.duration";

    /// <summary>Gauge: the loss of a step.</summary>
    public const string TrainingLoss = "imgalign.training.loss";

    /// <summary>Gauge: what else is known of a step, with the tag <see cref="Metric"/>: the norm of the gradient, the learning rate, what the task reports.</summary>
    public const string TrainingMetric = "imgalign.training.metric";

    /// <summary>Gauge: what held-out samples measure, with the tag <see cref="Metric"/>.</summary>
    public const string TrainingEvaluation = "imgalign.training.evaluation";

    /// <summary>Tag: what is trained, such as <c>AlignerTask</c>.</summary>
    public const string TrainingTask = "imgalign.training.task";

    /// <summary>Tag of a training's activity: the processes that share every batch.</summary>
    public const string TrainingWorkers = "imgalign.training.workers";

    /// <summary>Tag: the name of a metric.</summary>
    public const string Metric = "imgalign.metric";

    /// <summary>Tag: <c>invoke_workflow</c>, <c>generate_content</c> or <c>chat</c>.</summary>
    public const string OperationName = "gen_ai.operation.name";

    /// <summary>Tag: always <c>imgalign</c>.</summary>
    public const string ProviderName = "gen_ai.provider.name";

    /// <summary>Tag: the backbone's or detector's name.</summary>
    public const string RequestModel = "gen_ai.request.model";

    /// <summary>Tag: the request's seed.</summary>
    public const string RequestSeed = "gen_ai.request.seed";

    /// <summary>Tag: <c>image</c> or <c>text</c>.</summary>
    public const string OutputType = "gen_ai.output.type";

    /// <summary>Tag: the type of the exception that ended the operation.</summary>
    public const string ErrorType = "error.type";

    /// <summary>Tag: the round from 1, or 0 before the first.</summary>
    public const string Round = "imgalign.round";

    /// <summary>Tag: the <see cref="RunStage"/>.</summary>
    public const string Phase = "imgalign.phase";

    /// <summary>Tag of the whole run: whether any aligned picture was kept.</summary>
    public const string Accepted = "imgalign.accepted";

    /// <summary>Tag: the prompt; only where recording prompts was asked for.</summary>
    public const string Prompt = "imgalign.prompt";
}
