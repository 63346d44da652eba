namespace ImgAlign;

/// <summary>How long a stage took.</summary>
/// <param name="stage">The stage.</param>
/// <param name="round">The round from 1, or 0 for what comes before the first.</param>
/// <param name="duration">Its duration; on a GPU until the device has finished what the stage asked of it.</param>
public sealed class StageTiming(RunStage stage, int round, TimeSpan duration)
{
    /// <summary>The stage.</summary>
    public RunStage Stage { get; } = stage;

    /// <summary>The round from 1, or 0 for what comes before the first.</summary>
    public int Round { get; } = round;

    /// <summary>Its duration; on a GPU until the device has finished what the stage asked of it.</summary>
    public TimeSpan Duration { get; } = duration;
}
