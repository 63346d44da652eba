namespace ImgAlign.ShapeWorld.Training;

/// <summary>How a stage of the world's training ended.</summary>
/// <param name="stage">Its name.</param>
/// <param name="seed">The seed of the whole training.</param>
/// <param name="steps">The optimiser's steps.</param>
/// <param name="seconds">The time of the process that finished it.</param>
/// <param name="threads">The threads that it computed with.</param>
/// <param name="metrics">What was measured at its end.</param>
/// <param name="failedGates">Metrics that do not reach what they must; empty when the stage is passed.</param>
/// <param name="weightsHash">SHA-256 of all weights in the world's folder at its end.</param>
public sealed class StageRecord(
    string stage,
    long seed,
    long steps,
    double seconds,
    int threads,
    IReadOnlyDictionary<string, double> metrics,
    IReadOnlyList<string> failedGates,
    string weightsHash
)
{
    /// <summary>Its name.</summary>
    public string Stage { get; } = stage;

    /// <summary>The seed of the whole training.</summary>
    public long Seed { get; } = seed;

    /// <summary>The optimiser's steps.</summary>
    public long Steps { get; } = steps;

    /// <summary>The time of the process that finished it.</summary>
    public double Seconds { get; } = seconds;

    /// <summary>The threads that it computed with.</summary>
    public int Threads { get; } = threads;

    /// <summary>What was measured at its end.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; } = metrics;

    /// <summary>Metrics that do not reach what they must; empty when the stage is passed.</summary>
    public IReadOnlyList<string> FailedGates { get; } = failedGates;

    /// <summary>SHA-256 of all weights in the world's folder at its end.</summary>
    public string WeightsHash { get; } = weightsHash;
}
