namespace ImgAlign.Training;

/// <summary>What a run reports after a step.</summary>
/// <param name="Step">The steps done.</param>
/// <param name="TotalSteps">The steps of the whole run.</param>
/// <param name="Metrics">The step's loss and metrics, with <c>loss</c>, <c>grad_norm</c> (before clipping) and <c>learning_rate</c> among them.</param>
/// <param name="StepsPerSecond">The rate since the run began or was continued.</param>
/// <param name="Remaining">The time left at this rate.</param>
/// <param name="Skipped">The samples skipped so far because something is wrong with them.</param>
/// <param name="Evaluation">What was measured after this step; null where nothing was.</param>
public sealed record TrainingProgress(
    long Step, long TotalSteps, IReadOnlyDictionary<string, double> Metrics, double StepsPerSecond, TimeSpan Remaining, int Skipped,
    IReadOnlyDictionary<string, double>? Evaluation);
