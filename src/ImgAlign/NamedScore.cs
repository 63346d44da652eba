namespace ImgAlign;

/// <summary>A score.</summary>
/// <param name="Scorer">The scorer's name.</param>
/// <param name="Value">Its score; higher is better.</param>
public readonly record struct NamedScore(string Scorer, double Value);
