namespace ImgAlign;

/// <summary>An aligned picture, and how it came about.</summary>
/// <param name="Image">The final picture: the last one that was accepted, or else <paramref name="BaseImage"/>.</param>
/// <param name="BaseImage">The picture that the first round started from, generated or given.</param>
/// <param name="BaseScores">The scores of <paramref name="BaseImage"/> by the scorer's name; empty without scorers.</param>
/// <param name="Rounds">The rounds that ran; fewer than asked for when the scores called a halt.</param>
/// <param name="Request">The request with all defaults filled in: it gives the same picture again.</param>
/// <param name="Report">What it cost.</param>
public sealed record AlignmentResult(
    RgbImage Image,
    RgbImage BaseImage,
    IReadOnlyDictionary<string, double> BaseScores,
    IReadOnlyList<AlignmentRound> Rounds,
    AlignmentRequest Request,
    RunReport Report)
{
    /// <summary>Whether any round's picture was kept.</summary>
    public bool Accepted => Rounds.Any(static round => round.Accepted);
}
