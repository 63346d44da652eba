namespace ImgAlign;

/// <summary>What a policy wants to be tried.</summary>
/// <param name="Action">What is done.</param>
/// <param name="Parent">The <see cref="Candidate.Number"/> of the picture that it is done to.</param>
public readonly record struct SearchStep(SearchAction Action, int Parent);
