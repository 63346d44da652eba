namespace ImgAlign;

/// <summary>A step of the current stage is done: one evaluation of the network, for the items of one batch.</summary>
/// <param name="stage">The stage.</param>
/// <param name="round">The round from 1, or 0 for what comes before the first.</param>
/// <param name="step">The steps that are done.</param>
/// <param name="steps">The steps that the stage has in all.</param>
public sealed class StepCompleted(RunStage stage, int round, int step, int steps) : RunUpdate
{
    /// <summary>The stage.</summary>
    public RunStage Stage { get; } = stage;

    /// <summary>The round from 1, or 0 for what comes before the first.</summary>
    public int Round { get; } = round;

    /// <summary>The steps that are done.</summary>
    public int Step { get; } = step;

    /// <summary>The steps that the stage has in all.</summary>
    public int Steps { get; } = steps;
}
