namespace ImgAlign.Search;

/// <summary>The first picture, and others from other noise: as many as the budget allows.</summary>
internal sealed class BestOfNPolicy : ISearchPolicy
{
    public string Name => "best-of-n";

    public IReadOnlyList<SearchAction> Actions => [SearchAction.Resample];

    public bool NeedsScores => true;

    public int Width => int.MaxValue;

    public IEnumerable<(SearchAction Action, int Parent)> Next(IReadOnlyList<Candidate> candidates, Candidate kept) =>
        Enumerable.Repeat((SearchAction.Resample, 0), Width);
}
