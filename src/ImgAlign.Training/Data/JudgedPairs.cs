namespace ImgAlign.Training.Data;

/// <summary>Makes preference pairs of pictures that scorers have judged.</summary>
public static class JudgedPairs
{
    /// <summary>
    /// Pairs of one prompt's pictures: the one that is better than the most others, with each that it is better than. What is better, is
    /// said by the same rule that decides which pictures an alignment keeps, margins included. Two of which each would take the place of the
    /// other, as negative margins allow, make no pair.
    /// </summary>
    /// <param name="candidates">The pictures with their scores, such as those of <see cref="SearchPolicies.BestOfN"/>.</param>
    /// <param name="acceptance">What says that one is better than another.</param>
    /// <returns>The pictures that are preferred and rejected; none where no picture is better than another.</returns>
    public static IReadOnlyList<(Candidate Preferred, Candidate Rejected)> Of(IReadOnlyList<Candidate> candidates, IAcceptance acceptance)
    {
        ArgumentNullException.ThrowIfNull(candidates);
        ArgumentNullException.ThrowIfNull(acceptance);
        var wins = candidates.Select(preferred =>
            (Preferred: preferred, Worse: candidates.Where(other => other != preferred && IsBetter(preferred, other)).ToList())
        );
        return wins.MaxBy(static candidate => candidate.Worse.Count) is ({ } best, { } worse)
            ? [.. worse.Select(rejected => (best, rejected))]
            : [];

        bool IsBetter(Candidate one, Candidate other) => Replaces(one, other) && !Replaces(other, one);

        bool Replaces(Candidate one, Candidate other) => acceptance.Accepts(before: other.Scores, after: one.Scores);
    }

    /// <summary>By how much one picture scores higher than another, by the names of scorers.</summary>
    /// <param name="preferred">The one.</param>
    /// <param name="rejected">The other.</param>
    public static IReadOnlyDictionary<string, double> Margins(Candidate preferred, Candidate rejected)
    {
        ArgumentNullException.ThrowIfNull(preferred);
        ArgumentNullException.ThrowIfNull(rejected);
        return preferred
            .Scores.Zip(rejected.Scores)
            .ToDictionary(static pair => pair.First.Scorer, static pair => pair.First.Value - pair.Second.Value);
    }
}
