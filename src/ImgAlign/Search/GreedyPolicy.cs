namespace ImgAlign.Search;

/// <summary>
/// One picture after the other. A picture that is kept is aligned as the method does it. Where that was refused, what is wrong is not what
/// the aligner repairs with this noise: the next picture has the aligned features and other noise, then other noise alone, then a corrected
/// prompt. Where a judge finds most parts of a picture wrong, little is worth repair, and other noise goes first. What has just been kept begins
/// at the front again, without aligning the same noise and prompt once more.
/// </summary>
internal sealed class GreedyPolicy : ISearchPolicy
{
    public string Name => "greedy";

    public IReadOnlyList<SearchAction> Actions { get; } =
    [SearchAction.Align, SearchAction.AlignAndResample, SearchAction.Resample, SearchAction.Rewrite];

    public bool NeedsScores => true;

    public int Width => 1;

    public IEnumerable<(SearchAction Action, int Parent)> Next(IReadOnlyList<Candidate> candidates, Candidate kept)
    {
        var tried = candidates.Where(candidate => candidate.Parent == kept.Number).Select(static candidate => candidate.Action!.Value);
        // Aligning once more with the same noise and prompt gives nearly the same picture; other noise never does.
        var isAligned = candidates.Any(candidate =>
            candidate.Action is SearchAction.Align or SearchAction.AlignAndResample
            && (candidate.Seed, candidate.Prompt) == (kept.Seed, kept.Prompt)
        );
        var order = Actions.Where(action => action != SearchAction.Align || !isAligned);
        if (IsMostlyWrong(kept))
            order = order.OrderByDescending(static action => action == SearchAction.Resample);
        var action = order.MinBy(action => tried.Count(done => done == action));
        return [(action, kept.Number)];
    }

    // By the questions that a judge was asked about its parts; one about the whole, as VQAScore's, does not say how much is wrong.
    private static bool IsMostlyWrong(Candidate candidate)
    {
        var answers = candidate.Scores.Where(static score => score.Answers.Count > 1).SelectMany(static score => score.Answers).ToList();
        return 2 * answers.Count(static answer => answer.Probability < JudgedAnswer.UsualPass) > answers.Count;
    }
}
