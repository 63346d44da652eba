namespace ImgAlign;

/// <summary>The method of the paper: each round aligns the picture that is kept.</summary>
public sealed class RoundsPolicy : ISearchPolicy
{
    /// <summary>
    /// Whether an item's first picture that is not kept ends its rounds; otherwise the next round starts from the same picture, with
    /// another question.
    /// </summary>
    public bool StopsAtRejection { get; init; } = true;

    /// <inheritdoc/>
    public string Name => "rounds";

    /// <inheritdoc/>
    public IReadOnlyList<SearchAction> Actions => [SearchAction.Align];

    /// <inheritdoc/>
    public bool NeedsScores => false;

    /// <inheritdoc/>
    public int Width => 1;

    /// <inheritdoc/>
    public IEnumerable<(SearchAction Action, int Parent)> Next(IReadOnlyList<Candidate> candidates, Candidate kept)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        ArgumentNullException.ThrowIfNull(kept);
        return StopsAtRejection && !candidates[^1].Accepted ? [] : [(SearchAction.Align, kept.Number)];
    }
}
