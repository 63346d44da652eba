namespace ImgAlign;

/// <summary>A picture's score, and what it was made of.</summary>
/// <param name="Score">The score; higher is better.</param>
/// <param name="Answers">What the judge said to each question.</param>
public sealed record JudgedPicture(double Score, IReadOnlyList<JudgedAnswer> Answers);
