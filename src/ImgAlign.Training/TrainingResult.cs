namespace ImgAlign.Training;

/// <summary>How a run ended.</summary>
/// <param name="steps">The steps done, from the very first.</param>
/// <param name="metrics">The last step's metrics; empty where no step was left to do.</param>
/// <param name="evaluation">What was measured at the end.</param>
/// <param name="skipped">Samples that were skipped, by their place in the data set, and what is wrong with them.</param>
public sealed class TrainingResult(
    long steps,
    IReadOnlyDictionary<string, double> metrics,
    IReadOnlyDictionary<string, double> evaluation,
    IReadOnlyDictionary<int, string> skipped
)
{
    /// <summary>The steps done, from the very first.</summary>
    public long Steps { get; } = steps;

    /// <summary>The last step's metrics; empty where no step was left to do.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; } = metrics;

    /// <summary>What was measured at the end.</summary>
    public IReadOnlyDictionary<string, double> Evaluation { get; } = evaluation;

    /// <summary>Samples that were skipped, by their place in the data set, and what is wrong with them.</summary>
    public IReadOnlyDictionary<int, string> Skipped { get; } = skipped;
}
