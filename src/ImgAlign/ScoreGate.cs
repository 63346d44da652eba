using System.Globalization;

namespace ImgAlign;

/// <summary>
/// Keeps a picture where scorers find it better than the one that is kept. An item's search ends where its picture scores well enough.
/// </summary>
public sealed record ScoreGate : IAcceptance
{
    private ScoreGate() => Criteria = ValueList.Of<ScoreCriterion>([]);

    /// <summary>Keeps every picture, and spends the whole budget; every scorer only reports.</summary>
    public static ScoreGate Open { get; } = new();

    /// <summary>Makes a gate.</summary>
    /// <param name="criteria">What each scorer that decides says; at least one.</param>
    /// <exception cref="ArgumentException">There is none, two are of the same scorer, or a number is not finite.</exception>
    public ScoreGate(params IEnumerable<ScoreCriterion> criteria)
    {
        ArgumentNullException.ThrowIfNull(criteria);
        Criteria = ValueList.Of(criteria);
        if (Criteria.Count == 0)
            throw new ArgumentException("A gate needs a scorer to decide by; name one, or take ScoreGate.Open.", nameof(criteria));
        if (Criteria.CountBy(static criterion => criterion.Scorer).FirstOrDefault(static count => count.Value > 1).Key is { } twice)
            throw new ArgumentException($"The gate names the scorer '{twice}' more than once; name it once.", nameof(criteria));
        if (Criteria.FirstOrDefault(static criterion => !IsFinite(criterion)) is { } broken)
            throw new ArgumentException($"Margin or Sufficient of the scorer '{broken.Scorer}' is not a finite number.", nameof(criteria));
        if (Criteria.FirstOrDefault(static criterion => criterion.SufficientAnswers is not (null or (> 0 and <= 1))) is { } unsure)
            throw new ArgumentException(
                $"SufficientAnswers of the scorer '{unsure.Scorer}' is not a probability above 0, up to 1.",
                nameof(criteria)
            );
    }

    /// <summary>What each scorer that decides says.</summary>
    public IReadOnlyList<ScoreCriterion> Criteria { get; }

    /// <summary>How many of them must agree that a picture is better, and, of those that have such a score, that it suffices.</summary>
    public GateVote Vote { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Scorers => [.. Criteria.Select(static criterion => criterion.Scorer)];

    /// <inheritdoc/>
    public string Description
    {
        get
        {
            if (Criteria.Count == 0)
                return "every picture is kept";
            var better = Criteria.Select(static criterion =>
                criterion.Scorer
                + criterion.Margin switch
                {
                    0 => "",
                    < 0 => $" - {Text(-criterion.Margin)}",
                    _ => $" + {Text(criterion.Margin)}",
                }
            );
            var enough = Sufficing.Select(Enough).ToList();
            return $"kept if better by {Of(better)}" + (enough.Count > 0 ? $"; done at {Of(enough)}" : "");
        }
    }

    /// <inheritdoc/>
    public bool Accepts(IReadOnlyList<NamedScore> before, IReadOnlyList<NamedScore> after) =>
        Criteria.Count == 0
        || IsCarried(Criteria, criterion => Score(after, criterion).Value > Score(before, criterion).Value + criterion.Margin);

    /// <inheritdoc/>
    public bool IsEnough(IReadOnlyList<NamedScore> kept) =>
        Sufficing.Any() && IsCarried([.. Sufficing], criterion => Suffices(kept, criterion));

    private IEnumerable<ScoreCriterion> Sufficing =>
        Criteria.Where(static criterion => (criterion.Sufficient ?? criterion.SufficientAnswers) is not null);

    private bool IsCarried(IReadOnlyList<ScoreCriterion> voters, Func<ScoreCriterion, bool> agrees)
    {
        var votes = voters.Count(agrees);
        return Vote switch
        {
            GateVote.All => votes == voters.Count,
            GateVote.Majority => 2 * votes > voters.Count,
            GateVote.Any => votes > 0,
            _ => throw new InvalidOperationException($"{nameof(Vote)} is {Vote}; use All, Majority or Any."),
        };
    }

    private static bool IsFinite(ScoreCriterion criterion) =>
        double.IsFinite(criterion.Margin) && double.IsFinite(criterion.Sufficient ?? 0);

    private static NamedScore Score(IReadOnlyList<NamedScore> scores, ScoreCriterion criterion) =>
        scores.First(score => score.Scorer == criterion.Scorer);

    // By its score, or because the judge finds nothing wrong. A scorer without a judge has no answers that could pass.
    private static bool Suffices(IReadOnlyList<NamedScore> kept, ScoreCriterion criterion)
    {
        var score = Score(kept, criterion);
        return score.Value >= criterion.Sufficient
            || (score.Answers.Count > 0 && score.Answers.All(answer => answer.Probability >= criterion.SufficientAnswers));
    }

    private static string Enough(ScoreCriterion criterion)
    {
        string?[] ways =
        [
            criterion.Sufficient is { } score ? Text(score) : null,
            criterion.SufficientAnswers is { } probability ? $"all answers {Text(probability)}" : null,
        ];
        return $"{criterion.Scorer} {string.Join(" or ", ways.OfType<string>())}";
    }

    private string Of(IEnumerable<string> parts)
    {
        var list = parts.ToList();
        return list is [var only] ? only : $"{Vote.ToString().ToLowerInvariant()} of {string.Join(", ", list)}";
    }

    private static string Text(double number) => number.ToString(CultureInfo.InvariantCulture);
}
