namespace ImgAlign.ShapeWorld.Training;

/// <summary>How a stage of the world's training ended.</summary>
/// <param name="Stage">Its name.</param>
/// <param name="Seed">The seed of the whole training.</param>
/// <param name="Steps">The optimiser's steps.</param>
/// <param name="Seconds">The time of the process that finished it.</param>
/// <param name="Threads">The threads that it computed with.</param>
/// <param name="Metrics">What was measured at its end.</param>
/// <param name="FailedGates">Metrics that do not reach what they must; empty when the stage is passed.</param>
/// <param name="WeightsHash">SHA-256 of all weights in the world's folder at its end.</param>
public sealed record StageRecord(
    string Stage, long Seed, long Steps, double Seconds, int Threads, IReadOnlyDictionary<string, double> Metrics, IReadOnlyList<string> FailedGates, string WeightsHash);
