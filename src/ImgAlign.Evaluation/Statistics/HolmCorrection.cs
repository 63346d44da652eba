namespace ImgAlign.Evaluation.Statistics;

/// <summary>
/// The correction of p-values for how many there are (Holm, 1979): the chance that any of them is wrong stays what it says.
/// </summary>
internal static class HolmCorrection
{
    /// <summary>The corrected p-values, in the order of those given.</summary>
    public static IReadOnlyList<double> Apply(IReadOnlyList<double> pValues)
    {
        var corrected = new double[pValues.Count];
        var largest = 0.0;
        foreach (var (rank, index) in Enumerable.Range(0, pValues.Count).OrderBy(index => pValues[index]).Index())
        {
            largest = Math.Max(largest, Math.Min(1, (pValues.Count - rank) * pValues[index]));
            corrected[index] = largest;
        }
        return corrected;
    }
}
