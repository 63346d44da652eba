using System.Diagnostics;
using ImgAlign.Telemetry;

namespace ImgAlign.Training.Reporting;

/// <summary>
/// Watches a run: log, activity and metrics are the same for all tasks and out of the way of the loop. The first of several processes has
/// one.
/// </summary>
internal sealed class TrainingRecorder : IDisposable
{
    private readonly KeyValuePair<string, object?> task;
    private readonly TrainerOptions options;
    private readonly MetricsLog? log;
    private readonly Activity? activity;
    private long lastStep = Stopwatch.GetTimestamp();

    /// <param name="task">What is trained.</param>
    /// <param name="options">How.</param>
    /// <param name="workers">The processes that share every batch.</param>
    /// <param name="log">The log; null where there is no folder. Owned.</param>
    public TrainingRecorder(ITrainingTask task, TrainerOptions options, int workers, MetricsLog? log)
    {
        this.task = KeyValuePair.Create<string, object?>(TrainingNames.Task, task.GetType().Name);
        this.options = options;
        this.log = log;
        activity = TrainingInstruments
            .Activities.StartActivity("imgalign.train")
            ?.SetTag(TrainingNames.Task, this.task.Value)
            .SetTag(TrainingNames.Workers, workers)
            .SetTag(TrainingNames.Seed, options.Seed);
    }

    /// <summary>A sample is left out.</summary>
    public void Skip(long step, int sample, string problem)
    {
        log?.WriteSkipped(step, sample, problem);
        TrainingInstruments.Skipped.Add(1, task);
    }

    /// <summary>A step is done.</summary>
    /// <param name="step">The steps done.</param>
    /// <param name="metrics">Its numbers.</param>
    /// <param name="isLogged">Whether it has a line in the log.</param>
    public void Step(long step, IReadOnlyDictionary<string, double> metrics, bool isLogged)
    {
        if (isLogged)
            log?.Write(step, "train", metrics);
        TrainingInstruments.Steps.Add(1, task);
        TrainingInstruments.Samples.Add(options.BatchSize, task);
        TrainingInstruments.StepDuration.Record(Stopwatch.GetElapsedTime(lastStep).TotalSeconds, task);
        lastStep = Stopwatch.GetTimestamp();
        foreach (var (name, value) in metrics)
        {
            if (name == "loss")
                TrainingInstruments.Loss.Record(value, task);
            else
                TrainingInstruments.Metric.Record(value, task, KeyValuePair.Create<string, object?>(TrainingNames.MetricName, name));
        }
    }

    /// <summary>Runs an evaluation.</summary>
    /// <param name="step">The steps done.</param>
    /// <param name="measure">Measures.</param>
    public IReadOnlyDictionary<string, double> Evaluate(long step, Func<IReadOnlyDictionary<string, double>> measure)
    {
        using var evaluation = TrainingInstruments.Activities.StartActivity("imgalign.evaluate");
        var values = measure();
        if (values.Count > 0)
            log?.Write(step, "evaluation", values);
        foreach (var (name, value) in values)
            TrainingInstruments.Evaluation.Record(value, task, KeyValuePair.Create<string, object?>(TrainingNames.MetricName, name));
        lastStep = Stopwatch.GetTimestamp();
        return values;
    }

    /// <summary>The run ends by an exception.</summary>
    public void Fail(Exception exception) =>
        activity?.SetStatus(ActivityStatusCode.Error).SetTag(TrainingNames.ErrorType, exception.GetType().FullName);

    /// <summary>Closes the log and the activity.</summary>
    public void Dispose()
    {
        log?.Dispose();
        activity?.Dispose();
    }
}
