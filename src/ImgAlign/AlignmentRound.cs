namespace ImgAlign;

/// <summary>One round of one item: what was asked, and the picture that came of it.</summary>
public sealed record AlignmentRound
{
    /// <summary>Counted from 1.</summary>
    public required int Number { get; init; }

    /// <summary>The question that the detector read, with the prompt in place.</summary>
    public required string Question { get; init; }

    /// <summary>The detector's answer in words, if it was asked for.</summary>
    public string? Critique { get; init; }

    /// <summary>The aligned picture, kept or not.</summary>
    public required RgbImage Image { get; init; }

    /// <summary>Its scores, one a scorer; empty without scorers.</summary>
    public required IReadOnlyList<NamedScore> Scores
    {
        get;
        init => field = ValueList.Of(value);
    }

    /// <summary>Whether it took the place of the picture that it came from.</summary>
    public required bool Accepted { get; init; }
}
