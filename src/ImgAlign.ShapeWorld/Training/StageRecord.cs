namespace ImgAlign.ShapeWorld.Training;

/// <summary>How a stage of the world's training ended.</summary>
public sealed class StageRecord
{
    /// <summary>Its name.</summary>
    public required string Stage { get; init; }

    /// <summary>The seed of the whole training.</summary>
    public required long Seed { get; init; }

    /// <summary>The optimiser's steps; 0 where nothing is trained.</summary>
    public required long Steps { get; init; }

    /// <summary>The time of the process that finished it.</summary>
    public required double Seconds { get; init; }

    /// <summary>The threads that it computed with.</summary>
    public required int Threads { get; init; }

    /// <summary>What was measured at its end.</summary>
    public required IReadOnlyDictionary<string, double> Metrics { get; init; }

    /// <summary>Metrics that do not reach what they must; empty when the stage is passed.</summary>
    public required IReadOnlyList<string> FailedGates { get; init; }
}
