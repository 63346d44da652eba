namespace ImgAlign;

/// <summary>Pictures to be made, or to be repaired, so that they show what their prompts say.</summary>
/// <param name="pictures">The pictures, at least one.</param>
public sealed record AlignmentRequest(params IEnumerable<AlignmentItem> pictures) : SamplingRequest
{
    /// <summary>The pictures, at least one.</summary>
    public IReadOnlyList<AlignmentItem> Items { get; init => field = ValueList.Of(value); } = ValueList.Of(pictures);

    /// <summary>The most rounds of reading and generating again, 1 to 100. Each starts from the picture kept by the one before.</summary>
    public int Rounds { get; init; } = 1;

    /// <summary>How often the aligner is applied in a round, 1 to 100. IMG uses 3.</summary>
    public int AlignerPasses { get; init; } = 3;

    /// <summary>Whether the detector also answers its questions in words, for people to read. It reads once for both, and the pictures do not depend on it.</summary>
    public bool DescribeCritique { get; init; }

    /// <summary>The most tokens of such an answer, 1 to 4096.</summary>
    public int CritiqueTokens { get; init; } = 128;

    /// <summary>With a scorer: whether an aligned picture is kept only if it scores higher than the picture that it came from. Without a scorer every aligned picture is kept.</summary>
    public bool KeepOnlyImprovements { get; init; } = true;

    /// <summary>With a scorer: whether an item's first round that brings no higher score is its last.</summary>
    public bool StopWithoutImprovement { get; init; } = true;

    /// <summary>An item's rounds end as soon as its kept picture has at least this score; null: never. Needs a scorer.</summary>
    public double? SufficientScore { get; init; }
}
