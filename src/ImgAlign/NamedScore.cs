namespace ImgAlign;

/// <summary>A score.</summary>
/// <param name="scorer">The scorer's name.</param>
/// <param name="value">Its score; higher is better.</param>
public readonly struct NamedScore(string scorer, double value)
{
    /// <summary>The scorer's name.</summary>
    public string Scorer { get; } = scorer;

    /// <summary>Its score; higher is better.</summary>
    public double Value { get; } = value;

    /// <summary>What it was made of, for a scorer that has a judge answer questions; empty for any other.</summary>
    public IReadOnlyList<JudgedAnswer> Answers { get; init; } = [];
}
