namespace ImgAlign;

/// <summary>An aligned picture, and how it came about.</summary>
public sealed record AlignedItem
{
    /// <summary>What was asked for, with the size filled in.</summary>
    public required AlignmentItem Item { get; init; }

    /// <summary>The picture that the first round started from, generated or given.</summary>
    public required RgbImage BaseImage { get; init; }

    /// <summary>The scores of <see cref="BaseImage"/>, one a scorer; empty without scorers.</summary>
    public required IReadOnlyList<NamedScore> BaseScores
    {
        get;
        init => field = ValueList.Of(value);
    }

    /// <summary>The rounds that ran; fewer than asked for where what decides ended them.</summary>
    public required IReadOnlyList<AlignmentRound> Rounds
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

    /// <summary>Whether any round's picture was kept.</summary>
    public bool Accepted => Rounds.Any(static round => round.Accepted);

    /// <summary>The final picture: the last one that was kept, or else <see cref="BaseImage"/>.</summary>
    public RgbImage Image => Rounds.LastOrDefault(static round => round.Accepted)?.Image ?? BaseImage;
}
