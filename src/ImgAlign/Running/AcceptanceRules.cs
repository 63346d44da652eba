namespace ImgAlign.Running;

/// <summary>What decides in a pipeline, and whether it can.</summary>
internal static class AcceptanceRules
{
    /// <summary>What decides where nothing else is said: the first scorer; without one, every picture is kept.</summary>
    public static IAcceptance Default(IReadOnlyList<IImageScorer> scorers) =>
        scorers.Count == 0 ? ScoreGate.Open : new ScoreGate(new ScoreCriterion { Scorer = scorers[0].Name });

    /// <summary>Why a policy cannot decide, as a sentence; null where it can.</summary>
    public static string? Problem(IAcceptance acceptance, IReadOnlyList<IImageScorer> scorers)
    {
        var names = scorers.Select(static scorer => scorer.Name).ToList();
        if (acceptance.Scorers.FirstOrDefault(name => !names.Contains(name)) is { } unknown)
        {
            var known = names.Count == 0 ? "no scorer" : string.Join(", ", names);
            return $"Acceptance decides by the scorer '{unknown}', but the pipeline has {known}; name one of those, or add that one.";
        }
        var judged = scorers.OfType<IJudgeScorer>().Select(static scorer => scorer.Name);
        var unanswered = (acceptance as ScoreGate)?.Criteria.FirstOrDefault(criterion =>
            criterion.SufficientAnswers is not null && !judged.Contains(criterion.Scorer)
        );
        return unanswered is null
            ? null
            : $"SufficientAnswers (--enough-answers) is of the scorer '{unanswered.Scorer}', which has no judge that answers questions; "
                + "give Sufficient (--enough), a score, in its place.";
    }
}
