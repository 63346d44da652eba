namespace ImgAlign;

/// <summary>A stage is over.</summary>
/// <param name="timing">Which one, and how long it took.</param>
public sealed class StageCompleted(StageTiming timing) : RunUpdate
{
    /// <summary>Which one, and how long it took.</summary>
    public StageTiming Timing { get; } = timing;
}
