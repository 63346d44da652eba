namespace ImgAlign;

/// <summary>One image to be made, or to be repaired, so that it shows what the prompt says.</summary>
public sealed record AlignmentRequest : SamplingRequest
{
    /// <summary>What the picture should show.</summary>
    public required string Prompt { get; init; }

    /// <summary>
    /// An existing picture to align; null: the backbone generates one first. Unless <see cref="SamplingRequest.Size"/> says otherwise, the aligned
    /// picture has its size, as nearly as the backbone can, and no more pixels than the size that the backbone was made for.
    /// </summary>
    public RgbImage? Image { get; init; }

    /// <summary>The most rounds of reading and generating again, 1 to 100. Each starts from the picture kept by the one before.</summary>
    public int Rounds { get; init; } = 1;

    /// <summary>The scale of the image prompt, 0 or more; 0 ignores it. IMG uses 0.2.</summary>
    public double? ImagePromptScale { get; init; }

    /// <summary>How often the aligner is applied in a round, 1 to 100. IMG uses 3.</summary>
    public int AlignerPasses { get; init; } = 3;

    /// <summary>
    /// The question to the detector, in which <c>{prompt}</c> stands for the prompt; null: each round draws one by the seed.
    /// </summary>
    public string? Question { get; init; }

    /// <summary>Whether the detector also answers its question in words, for people to read. It reads once for both, and the picture does not depend on it.</summary>
    public bool DescribeCritique { get; init; }

    /// <summary>The most tokens of that answer, 1 to 4096.</summary>
    public int CritiqueTokens { get; init; } = 128;

    /// <summary>
    /// With a scorer: whether an aligned picture is kept only if it scores higher than the picture that it came from. Without a scorer
    /// every aligned picture is kept.
    /// </summary>
    public bool KeepOnlyImprovements { get; init; } = true;

    /// <summary>With a scorer: whether the first round that brings no higher score is the last.</summary>
    public bool StopWithoutImprovement { get; init; } = true;

    /// <summary>Stop as soon as the kept picture has at least this score; null: never. Needs a scorer.</summary>
    public double? SufficientScore { get; init; }
}
