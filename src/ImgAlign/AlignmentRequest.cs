namespace ImgAlign;

/// <summary>Pictures to be made, or to be repaired, so that they show what their prompts say.</summary>
public sealed record AlignmentRequest : SamplingRequest
{
    /// <summary>Asks for pictures.</summary>
    /// <param name="items">The pictures, at least one.</param>
    public AlignmentRequest(params IEnumerable<AlignmentItem> items) => Items = ValueList.Of(items);

    /// <summary>Asks for no pictures yet, to be sampled as another request says; no more of it is taken.</summary>
    /// <param name="sampling">The other request.</param>
    public AlignmentRequest(SamplingRequest sampling)
        : base(sampling) => Items = ValueList.Of<AlignmentItem>([]);

    /// <summary>The pictures, at least one.</summary>
    public IReadOnlyList<AlignmentItem> Items
    {
        get;
        init => field = ValueList.Of(value);
    }

    /// <summary>
    /// The budget in rounds of the method, 1 to 100: a generation each, beside the first picture where none is given. Each starts from the
    /// picture kept by the one before. Null: <see cref="Budget"/> says it, or else one round.
    /// </summary>
    public int? Rounds { get; init; }

    /// <summary>
    /// The most pictures that the backbone generates for each item, 1 to 100, the first one too; a picture that is given costs nothing.
    /// In place of <see cref="Rounds"/>. Null: what the pipeline was made with.
    /// </summary>
    public int? Budget { get; init; }

    /// <summary>What the budget is spent on, one of <see cref="SearchPolicies"/> or one of your own; null: what the pipeline was made
    /// with.</summary>
    public ISearchPolicy? Policy { get; init; }

    /// <summary>How often the aligner is applied in a round, 1 to 100. IMG uses 3.</summary>
    public int AlignerPasses { get; init; } = 3;

    /// <summary>Whether the detector also answers its questions in words, for people to read. It reads once for both, and the pictures do
    /// not depend on it.</summary>
    public bool DescribeCritique { get; init; }

    /// <summary>The most tokens of such an answer, 1 to 4096.</summary>
    public int CritiqueTokens { get; init; } = 128;

    /// <summary>What decides which pictures are kept and when an item's search ends; null: what the pipeline was made with.</summary>
    public IAcceptance? Acceptance { get; init; }
}
