namespace ImgAlign;

/// <summary>One picture of an item's search, and how it came about. All together are a tree.</summary>
public sealed record Candidate
{
    /// <summary>Its position among the item's candidates: 0 is the first picture.</summary>
    public required int Number { get; init; }

    /// <summary>The number of the candidate that it came from; null for the first picture.</summary>
    public int? Parent { get; init; }

    /// <summary>What was done to that one; null for the first picture.</summary>
    public SearchAction? Action { get; init; }

    /// <summary>The round that it was drawn in, from 1; 0 for the first picture.</summary>
    public required int Round { get; init; }

    /// <summary>The generations that it cost: 1, or 0 for a picture that was given.</summary>
    public required int Cost { get; init; }

    /// <summary>The prompt that it was drawn by; it is scored by the item's own.</summary>
    public required string Prompt { get; init; }

    /// <summary>The seed of its noise.</summary>
    public required long Seed { get; init; }

    /// <summary>The question that the detector read about the picture that it came from; null where it read none.</summary>
    public string? Question { get; init; }

    /// <summary>The detector's answer in words, where there is one.</summary>
    public string? Critique { get; init; }

    /// <summary>The picture, kept or not.</summary>
    public required RgbImage Image { get; init; }

    /// <summary>Its scores, one a scorer; empty without scorers.</summary>
    public required IReadOnlyList<NamedScore> Scores
    {
        get;
        init => field = ValueList.Of(value);
    }

    /// <summary>Whether it took the place of the picture that had been kept; the first picture did.</summary>
    public required bool Accepted { get; init; }
}
