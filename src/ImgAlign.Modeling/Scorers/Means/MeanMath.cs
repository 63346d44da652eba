namespace ImgAlign.Scorers.Means;

/// <summary>Statistics of small lists.</summary>
internal static class MeanMath
{
    /// <summary>The standard deviation; NaN where there are too few values.</summary>
    /// <param name="values">The values.</param>
    /// <param name="lostDegrees">What is taken off their number to divide by: 0 of a whole population, 1 of a sample.</param>
    public static double Deviation(IReadOnlyList<double> values, int lostDegrees)
    {
        var mean = values.Average();
        return Math.Sqrt(values.Sum(value => (value - mean) * (value - mean)) / (values.Count - lostDegrees));
    }
}
