namespace ImgAlign.Training.Reporting;

/// <summary>The names under which training reports, on the source of all of ImgAlign.</summary>
internal static class TrainingNames
{
    /// <summary>Counter: the optimiser's steps. It and what follows have the tag <see cref="Task"/>.</summary>
    public const string Steps = "imgalign.training.steps";

    /// <summary>Counter: the samples trained on, one that comes twice counted twice.</summary>
    public const string Samples = "imgalign.training.samples";

    /// <summary>Counter: the samples that are skipped because something is wrong with them.</summary>
    public const string Skipped = "imgalign.training.skipped";

    /// <summary>Histogram, seconds: one step, with the reading of its data.</summary>
    public const string StepDuration = "imgalign.training.step.duration";

    /// <summary>Gauge: the loss of a step.</summary>
    public const string Loss = "imgalign.training.loss";

    /// <summary>Gauge: what else is known of a step, with the tag <see cref="MetricName"/>: the norm of the gradient, the learning rate,
    /// what the task reports.</summary>
    public const string Metric = "imgalign.training.metric";

    /// <summary>Gauge: what held-out samples measure, with the tag <see cref="MetricName"/>.</summary>
    public const string Evaluation = "imgalign.training.evaluation";

    /// <summary>Tag: what is trained, such as <c>AlignerTask</c>.</summary>
    public const string Task = "imgalign.training.task";

    /// <summary>Tag of a training's activity: the processes that share every batch.</summary>
    public const string Workers = "imgalign.training.workers";

    /// <summary>Tag: the name of a metric.</summary>
    public const string MetricName = "imgalign.metric";

    /// <summary>Tag of a training's activity: its seed (OpenTelemetry's convention).</summary>
    public const string Seed = "gen_ai.request.seed";

    /// <summary>Tag: the type of the exception that ended the training (OpenTelemetry's convention).</summary>
    public const string ErrorType = "error.type";
}
