namespace ImgAlign.Scorers.Means;

/// <summary>A style of HPSv2's benchmark (<c>evaluate_benchmark</c>): its pictures' scores by groups of prompts in their order.</summary>
/// <param name="scores">The scores, times 100, in the order of the prompts.</param>
/// <param name="groupSize">The prompts of a group; the last one may be shorter, and counts as much.</param>
public sealed class HpsBenchmarkStyle(IReadOnlyList<double> scores, int groupSize = HpsBenchmarkStyle.PublishedGroupSize)
{
    /// <summary>The prompts of a group in the authors' script.</summary>
    public const int PublishedGroupSize = 80;

    private readonly double[] means = [.. scores.Chunk(groupSize).Select(static group => group.Average())];

    /// <summary>The mean of the groups' means.</summary>
    public double Mean => means.Average();

    /// <summary>The standard deviation of the groups' means, divided by their number.</summary>
    public double Deviation => MeanMath.Deviation(means, lostDegrees: 0);

    /// <summary>The benchmark's average: over the pictures of all styles, not over the styles.</summary>
    /// <param name="styles">The scores of each style.</param>
    public static double Average(IEnumerable<IReadOnlyList<double>> styles) => styles.SelectMany(static style => style).Average();
}
