using MathNet.Numerics.Random;
using MathNet.Numerics.Statistics;

namespace ImgAlign.Evaluation.Statistics;

/// <summary>The bootstrap's resamples, the same on every platform and in every run.</summary>
internal static class Resampling
{
    /// <summary>How many a report takes.</summary>
    public const int Count = 2000;

    private const int Seed = 1;

    /// <summary>Draws places with replacement. The list is one and the same for all resamples: read it before the next.</summary>
    /// <param name="prompts">Out of how many, and how many.</param>
    public static IEnumerable<IReadOnlyList<int>> Draw(int prompts)
    {
        var random = new MersenneTwister(Seed, threadSafe: false);
        var places = new int[prompts];
        for (var i = 0; i < Count; i++)
        {
            for (var place = 0; place < prompts; place++)
                places[place] = random.Next(prompts);
            yield return places;
        }
    }

    /// <summary>The interval that holds a share of the resamples' statistics: percentiles with linear interpolation between order
    /// statistics, as NumPy's.</summary>
    /// <param name="statistics">One a resample.</param>
    /// <param name="level">The share.</param>
    public static (double Low, double High) Interval(IEnumerable<double> statistics, double level = 0.95)
    {
        double[] sorted = [.. statistics.Order()];
        return (Quantile((1 - level) / 2), Quantile((1 + level) / 2));

        double Quantile(double share) => SortedArrayStatistics.QuantileCustom(sorted, share, QuantileDefinition.R7);
    }
}
