namespace ImgAlign;

/// <summary>How long a stage took.</summary>
/// <param name="Stage">The stage.</param>
/// <param name="Round">The round from 1, or 0 for what comes before the first.</param>
/// <param name="Duration">Its duration; on a GPU until the device has finished what the stage asked of it.</param>
public readonly record struct StageTiming(RunStage Stage, int Round, TimeSpan Duration);
