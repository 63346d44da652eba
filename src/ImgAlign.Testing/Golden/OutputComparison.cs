namespace ImgAlign.Testing.Golden;

/// <summary>How one output compares with the reference.</summary>
/// <param name="name">The output.</param>
/// <param name="largestError">The largest absolute difference; NaN when it was not comparable.</param>
/// <param name="problem">Why it fails, or null when it passes.</param>
public sealed class OutputComparison(string name, double largestError, string? problem)
{
    /// <summary>The output.</summary>
    public string Name { get; } = name;

    /// <summary>The largest absolute difference; NaN when it was not comparable.</summary>
    public double LargestError { get; } = largestError;

    /// <summary>Why it fails, or null when it passes.</summary>
    public string? Problem { get; } = problem;
}
