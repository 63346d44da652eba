namespace ImgAlign.Testing.Golden;

/// <summary>How one case ended.</summary>
/// <param name="path">The case's folder or file.</param>
/// <param name="kind">Its kind.</param>
/// <param name="outputs">Each output of the reference.</param>
/// <param name="error">Why nothing could be compared, or null.</param>
/// <param name="elapsed">How long it took.</param>
public sealed class GoldenResult(string path, string kind, IReadOnlyList<OutputComparison> outputs, string? error, TimeSpan elapsed)
{
    /// <summary>The case's folder or file.</summary>
    public string Path { get; } = path;

    /// <summary>Its kind.</summary>
    public string Kind { get; } = kind;

    /// <summary>Each output of the reference.</summary>
    public IReadOnlyList<OutputComparison> Outputs { get; } = outputs;

    /// <summary>Why nothing could be compared, or null.</summary>
    public string? Error { get; } = error;

    /// <summary>How long it took.</summary>
    public TimeSpan Elapsed { get; } = elapsed;

    /// <summary>Whether every output agrees.</summary>
    public bool Passed => Error is null && Outputs.All(output => output.Problem is null);

    /// <summary>The largest absolute difference over all outputs; NaN when nothing was compared.</summary>
    public double LargestError => Outputs.Count == 0 ? double.NaN : Outputs.Max(output => output.LargestError);

    /// <summary>All problems, as lines.</summary>
    public IEnumerable<string> Problems =>
        Error is not null
            ? [Error]
            : Outputs.Where(output => output.Problem is not null).Select(output => $"{output.Name} {output.Problem}");
}
