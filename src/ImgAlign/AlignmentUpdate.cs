using ImgAlign.Runtime;

namespace ImgAlign;

/// <summary>News of a run in progress.</summary>
/// <param name="Stage">The stage that is running.</param>
/// <param name="Round">The round from 1, or 0 for what comes before the first.</param>
public sealed record AlignmentUpdate(AlignmentStage Stage, int Round)
{
    /// <summary>The steps that the stage has done; 0 when it begins.</summary>
    public int Step { get; init; }

    /// <summary>The steps that the stage has in all.</summary>
    public int StepCount { get; init; } = 1;

    /// <summary>The memory that the run is expected to need: with the first update.</summary>
    public MemoryEstimate? Estimate { get; init; }

    /// <summary>What the picture looks like so far, if previews were asked for.</summary>
    public RgbImage? Preview { get; init; }

    /// <summary>The picture that the first round starts from: once, when it is there.</summary>
    public RgbImage? BaseImage { get; init; }

    /// <summary>A round that is over.</summary>
    public AlignmentRound? CompletedRound { get; init; }

    /// <summary>The result: with the last update of <see cref="AlignmentPipeline.StreamAsync"/>.</summary>
    public AlignmentResult? Result { get; init; }
}
