namespace ImgAlign.Training;

/// <summary>How a run ended.</summary>
/// <param name="Steps">The steps done, from the very first.</param>
/// <param name="Metrics">The last step's metrics; empty where no step was left to do.</param>
/// <param name="Evaluation">What was measured at the end.</param>
/// <param name="Skipped">Samples that were skipped, by their place in the data set, and what is wrong with them.</param>
public sealed record TrainingResult(
    long Steps, IReadOnlyDictionary<string, double> Metrics, IReadOnlyDictionary<string, double> Evaluation, IReadOnlyDictionary<int, string> Skipped);
