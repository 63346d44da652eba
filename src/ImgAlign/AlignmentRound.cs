namespace ImgAlign;

/// <summary>One round: what was asked, and the picture that came of it.</summary>
/// <param name="Number">Counted from 1.</param>
/// <param name="Question">The question that the detector read, with the prompt in place.</param>
/// <param name="Critique">The detector's answer in words, if it was asked for.</param>
/// <param name="Image">The aligned picture, kept or not.</param>
/// <param name="Scores">Its scores by the scorer's name; empty without scorers.</param>
/// <param name="Accepted">Whether it took the place of the picture that it came from.</param>
public sealed record AlignmentRound(int Number, string Question, string? Critique, RgbImage Image, IReadOnlyDictionary<string, double> Scores, bool Accepted);
