namespace ImgAlign.Training;

/// <summary>What a run reports after a step.</summary>
/// <param name="step">The steps done.</param>
/// <param name="totalSteps">The steps of the whole run.</param>
/// <param name="metrics">The step's loss and metrics, with <c>loss</c>, <c>grad_norm</c> (before clipping) and <c>learning_rate</c> among
/// them.</param>
/// <param name="stepsPerSecond">The rate since the run began or was continued.</param>
/// <param name="remaining">The time left at this rate.</param>
/// <param name="skipped">The samples skipped so far because something is wrong with them.</param>
/// <param name="evaluation">What was measured after this step; null where nothing was.</param>
public sealed class TrainingProgress(
    long step,
    long totalSteps,
    IReadOnlyDictionary<string, double> metrics,
    double stepsPerSecond,
    TimeSpan remaining,
    int skipped,
    IReadOnlyDictionary<string, double>? evaluation
)
{
    /// <summary>The steps done.</summary>
    public long Step { get; } = step;

    /// <summary>The steps of the whole run.</summary>
    public long TotalSteps { get; } = totalSteps;

    /// <summary>The step's loss and metrics, with <c>loss</c>, <c>grad_norm</c> (before clipping) and <c>learning_rate</c> among
    /// them.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; } = metrics;

    /// <summary>The rate since the run began or was continued.</summary>
    public double StepsPerSecond { get; } = stepsPerSecond;

    /// <summary>The time left at this rate.</summary>
    public TimeSpan Remaining { get; } = remaining;

    /// <summary>The samples skipped so far because something is wrong with them.</summary>
    public int Skipped { get; } = skipped;

    /// <summary>What was measured after this step; null where nothing was.</summary>
    public IReadOnlyDictionary<string, double>? Evaluation { get; } = evaluation;
}
