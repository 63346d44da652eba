namespace ImgAlign.ShapeWorld.Training;

/// <summary>What a stage must reach before the next one may build on it.</summary>
/// <param name="Metric">What is measured.</param>
/// <param name="AtLeast">The least that passes.</param>
/// <param name="AtMost">The most that passes.</param>
internal sealed record Gate(string Metric, double AtLeast, double AtMost = double.MaxValue)
{
    /// <summary>Whether a measurement passes.</summary>
    /// <param name="metrics">What was measured.</param>
    public bool Passes(IReadOnlyDictionary<string, double> metrics)
    {
        ArgumentNullException.ThrowIfNull(metrics);
        return metrics.TryGetValue(Metric, out var value) && value >= AtLeast && value <= AtMost;
    }
}
