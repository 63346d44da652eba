namespace ImgAlign.Testing.Golden;

/// <summary>How one output compares with the reference.</summary>
/// <param name="Name">The output.</param>
/// <param name="LargestError">The largest absolute difference; NaN when it was not comparable.</param>
/// <param name="Problem">Why it fails, or null when it passes.</param>
public sealed record OutputComparison(string Name, double LargestError, string? Problem);

/// <summary>How one case ended.</summary>
/// <param name="Path">The case's folder or file.</param>
/// <param name="Kind">Its kind.</param>
/// <param name="Outputs">Each output of the reference.</param>
/// <param name="Error">Why nothing could be compared, or null.</param>
/// <param name="Elapsed">How long it took.</param>
public sealed record GoldenResult(string Path, string Kind, IReadOnlyList<OutputComparison> Outputs, string? Error, TimeSpan Elapsed)
{
    /// <summary>Whether every output agrees.</summary>
    public bool Passed => Error is null && Outputs.All(output => output.Problem is null);

    /// <summary>The largest absolute difference over all outputs; NaN when nothing was compared.</summary>
    public double LargestError => Outputs.Count == 0 ? double.NaN : Outputs.Max(output => output.LargestError);

    /// <summary>All problems, as lines.</summary>
    public IEnumerable<string> Problems => Error is not null ? [Error] : Outputs.Where(output => output.Problem is not null).Select(output => $"{output.Name} {output.Problem}");
}
