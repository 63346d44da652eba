namespace ImgAlign;

/// <summary>What a run cost.</summary>
public sealed class RunReport
{
    /// <summary>From its first computation to its last, without the wait for the devices.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>The most items that were computed at once.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Whether the autoencoder worked tile by tile because the run was estimated not to fit otherwise, which changes pictures a
    /// little.</summary>
    public bool InTiles { get; init; }

    /// <summary>Its stages in their order.</summary>
    public required IReadOnlyList<StageTiming> Timings { get; init; }

    /// <summary>The devices that it ran on, the first backbone's first.</summary>
    public required IReadOnlyList<DeviceReport> Devices { get; init; }
}
