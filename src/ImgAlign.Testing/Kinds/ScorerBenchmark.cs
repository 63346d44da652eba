namespace ImgAlign.Testing.Kinds;

/// <summary>How well scores agree with what people preferred, as HPSv3's benchmark counts it.</summary>
internal static class ScorerBenchmark
{
    /// <summary>Counts pairs of which one picture was preferred.</summary>
    /// <param name="preferred">The scores of the preferred pictures.</param>
    /// <param name="others">The scores of the others.</param>
    /// <returns>Pairs whose preferred picture scores higher, equal, and lower.</returns>
    public static (int Found, int Equal, int Missed) CountPairs(IReadOnlyList<double> preferred, IReadOnlyList<double> others)
    {
        RequireSame(preferred.Count, others.Count);
        var comparisons = preferred.Zip(others, static (better, worse) => better.CompareTo(worse)).ToList();
        return (
            comparisons.Count(static comparison => comparison > 0),
            comparisons.Count(static comparison => comparison == 0),
            comparisons.Count(static comparison => comparison < 0)
        );
    }

    /// <summary>The share of pairs of different ranks whose better one has the higher score, in per cent.</summary>
    /// <param name="rankings">For each prompt the ranks of its pictures; 1 is best, several may have one rank.</param>
    /// <param name="scores">For each prompt the scores of the same pictures.</param>
    /// <returns>NaN where all ranks are equal.</returns>
    public static double RankingAccuracy(IReadOnlyList<IReadOnlyList<int>> rankings, IReadOnlyList<IReadOnlyList<double>> scores)
    {
        RequireSame(rankings.Count, scores.Count);
        var (right, all) = (0, 0);
        foreach (var (ranks, values) in rankings.Zip(scores))
        {
            RequireSame(ranks.Count, values.Count);
            for (var i = 0; i < ranks.Count; i++)
            {
                for (var j = i + 1; j < ranks.Count; j++)
                {
                    if (ranks[i] == ranks[j])
                        continue;
                    all++;
                    var (better, worse) = ranks[i] < ranks[j] ? (i, j) : (j, i);
                    if (values[better] > values[worse])
                        right++;
                }
            }
        }
        return 100.0 * right / all;
    }

    /// <summary>Sums up the scores of one category.</summary>
    /// <param name="scores">The scores; none give zeros.</param>
    public static ScoreSummary Summarize(IReadOnlyList<double> scores)
    {
        if (scores.Count == 0)
            return default;
        var mean = scores.Average();
        var variance = scores.Average(score => (score - mean) * (score - mean));
        return new(mean, Math.Sqrt(variance), scores.Min(), scores.Max());
    }

    /// <summary>Sums up categories: mean and deviation are those of their means, so that each counts alike; empty ones do not count.</summary>
    /// <param name="categories">The scores of each category.</param>
    public static ScoreSummary SummarizeCategories(IEnumerable<IReadOnlyList<double>> categories)
    {
        var summaries = categories.Where(static scores => scores.Count > 0).Select(Summarize).ToList();
        if (summaries.Count == 0)
            return default;
        var ofMeans = Summarize([.. summaries.Select(static summary => summary.Mean)]);
        return ofMeans with { Least = summaries.Min(static summary => summary.Least), Greatest = summaries.Max(static s => s.Greatest) };
    }

    private static void RequireSame(int first, int second)
    {
        if (first != second)
            throw new ArgumentException($"There are {first} on one side, but {second} on the other; give as many.");
    }
}
