namespace ImgAlign;

/// <summary>An aligned picture, and how it came about.</summary>
public sealed record AlignedItem
{
    /// <summary>What was asked for, with the size filled in.</summary>
    public required AlignmentItem Item { get; init; }

    /// <summary>The prompt as scorers read it: without the notation of weights, where the backbone reads one.</summary>
    public required string PlainPrompt { get; init; }

    /// <summary>The most pictures that might have been generated.</summary>
    public required int Budget { get; init; }

    /// <summary>
    /// All pictures, by their numbers: the first one, generated or given, and what was tried after it; fewer than the budget allows where
    /// what decides ended the search.
    /// </summary>
    public required IReadOnlyList<Candidate> Candidates
    {
        get;
        init => field = ValueList.Of(value);
    }

    /// <summary>What its maker should know, such as the end of a prompt that is too long to be read; a sentence each.</summary>
    public IReadOnlyList<string> Warnings
    {
        get;
        init => field = ValueList.Of(value);
    } = ValueList.Of<string>([]);

    /// <summary>The candidate that was kept last.</summary>
    public Candidate Kept => Candidates.Last(static candidate => candidate.Accepted);

    /// <summary>Whether another picture than the first was kept.</summary>
    public bool Accepted => Kept.Number > 0;

    /// <summary>The first picture, generated or given.</summary>
    public RgbImage BaseImage => Candidates[0].Image;

    /// <summary>The scores of <see cref="BaseImage"/>, one a scorer; empty without scorers.</summary>
    public IReadOnlyList<NamedScore> BaseScores => Candidates[0].Scores;

    /// <summary>The final picture.</summary>
    public RgbImage Image => Kept.Image;

    /// <summary>The pictures that were generated.</summary>
    public int Generations => Candidates.Sum(static candidate => candidate.Cost);
}
