namespace ImgAlign;

/// <summary>A stage begins.</summary>
/// <param name="stage">The stage.</param>
/// <param name="round">The round from 1, or 0 for what comes before the first.</param>
/// <param name="steps">The steps that the stage has in all.</param>
public sealed class StageStarted(RunStage stage, int round, int steps) : RunUpdate
{
    /// <summary>The stage.</summary>
    public RunStage Stage { get; } = stage;

    /// <summary>The round from 1, or 0 for what comes before the first.</summary>
    public int Round { get; } = round;

    /// <summary>The steps that the stage has in all.</summary>
    public int Steps { get; } = steps;
}
