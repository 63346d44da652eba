using ImgAlign.Evaluation.Statistics;
using MathNet.Numerics;

namespace ImgAlign.Evaluation;

/// <summary>
/// Two sets of scores, compared prompt by prompt: counts, an exact sign test, and intervals by the bootstrap over prompts.
/// </summary>
public sealed class PairedComparison
{
    /// <summary>Compares.</summary>
    /// <param name="baseline">The scores of what is compared with, one a prompt.</param>
    /// <param name="scores">The scores in question, of the same prompts; higher is better.</param>
    /// <param name="resamples">Places in the scores, as many as there are scores, for each resample of the bootstrap.</param>
    /// <param name="level">The share of resamples that an interval holds.</param>
    /// <exception cref="ArgumentException">The scores are not of as many prompts, or there are none.</exception>
    public PairedComparison(
        IReadOnlyList<double> baseline,
        IReadOnlyList<double> scores,
        IEnumerable<IReadOnlyList<int>> resamples,
        double level = 0.95
    )
    {
        ArgumentNullException.ThrowIfNull(baseline);
        ArgumentNullException.ThrowIfNull(scores);
        ArgumentNullException.ThrowIfNull(resamples);
        if (baseline.Count != scores.Count || scores.Count == 0)
            throw new ArgumentException(
                $"There are {scores.Count} scores and {baseline.Count} to compare them with; give as many, at least one.",
                nameof(scores)
            );
        double[] differences = [.. scores.Zip(baseline, static (score, other) => score - other)];
        double[] points = [.. differences.Select(static difference => (Math.Sign(difference) + 1) / 2.0)]; // 1, 1/2 for a tie, 0
        Wins = differences.Count(static difference => difference > 0);
        Losses = differences.Count(static difference => difference < 0);
        Ties = differences.Length - Wins - Losses;
        if (baseline.Concat(scores).All(static score => score is 0 or 1))
            WrongInBaseline = baseline.Count(static score => score == 0);
        WinRateHalfTies = points.Average();
        MeanDifference = differences.Average();
        var (rates, means) = (new List<double>(), new List<double>());
        foreach (var places in resamples)
        {
            rates.Add(places.Average(place => points[place]));
            means.Add(places.Average(place => differences[place]));
        }
        WinRateHalfTiesInterval = Resampling.Interval(rates, level);
        MeanDifferenceInterval = Resampling.Interval(means, level);
    }

    /// <summary>Prompts that score higher than what they are compared with.</summary>
    public int Wins { get; }

    /// <summary>Prompts that score the same.</summary>
    public int Ties { get; }

    /// <summary>Prompts that score lower.</summary>
    public int Losses { get; }

    /// <summary>How many prompts score 0 in what this is compared with, so many as a win could make right, where all scores are 0 or 1; otherwise
    /// null.</summary>
    internal int? WrongInBaseline { get; }

    /// <summary>The share of wins among all prompts.</summary>
    public double WinRate => (double)Wins / (Wins + Ties + Losses);

    /// <summary>The same, a tie counted as half a win.</summary>
    public double WinRateHalfTies { get; }

    /// <summary>The share of wins among wins and losses; 0.5 if there are none.</summary>
    public double WinRateWithoutTies => Wins + Losses == 0 ? 0.5 : (double)Wins / (Wins + Losses);

    /// <summary>The exact sign test's two-sided p-value: how likely so uneven wins and losses are where both are equally good.</summary>
    public double PValue
    {
        get
        {
            var decided = Wins + Losses;
            var tail = Enumerable
                .Range(0, Math.Min(Wins, Losses) + 1)
                .Sum(fewer => Math.Exp(SpecialFunctions.BinomialLn(decided, fewer) - decided * Constants.Ln2));
            return Math.Min(1, 2 * tail);
        }
    }

    /// <summary>The bootstrap interval of <see cref="WinRateHalfTies"/>.</summary>
    public (double Low, double High) WinRateHalfTiesInterval { get; }

    /// <summary>The mean of the differences, this minus what it is compared with.</summary>
    public double MeanDifference { get; }

    /// <summary>The bootstrap interval of <see cref="MeanDifference"/>.</summary>
    public (double Low, double High) MeanDifferenceInterval { get; }
}
