using ImgAlign.Runtime;

namespace ImgAlign;

/// <summary>The devices are free and the run begins.</summary>
/// <param name="estimates">The memory that the run is expected to need, one a device.</param>
/// <param name="batchSize">The most items that are computed at once.</param>
/// <param name="inTiles">Whether the autoencoder works tile by tile because the run would not fit otherwise.</param>
public sealed class RunStarted(IReadOnlyList<MemoryEstimate> estimates, int batchSize, bool inTiles = false) : RunUpdate
{
    /// <summary>The memory that the run is expected to need, one a device.</summary>
    public IReadOnlyList<MemoryEstimate> Estimates { get; } = estimates;

    /// <summary>The most items that are computed at once.</summary>
    public int BatchSize { get; } = batchSize;

    /// <summary>Whether the autoencoder works tile by tile because the run would not fit otherwise, which changes pictures a
    /// little.</summary>
    public bool InTiles { get; } = inTiles;
}
