using ImgAlign.Detectors;

namespace ImgAlign.Evaluation.Running;

/// <summary>Makes an arm's pictures of a batch of items: samples, choice, rounds.</summary>
/// <param name="maker">Makes pictures and scores, or finds them.</param>
/// <param name="models">The models that choose.</param>
/// <param name="settings">How pictures are sampled where the arm says nothing else.</param>
internal sealed class ArmRunner(PictureMaker maker, EvaluationModels models, AlignmentRequest settings)
{
    private readonly Dictionary<(string Folder, string Scorer), ScoreBatch> scored = [];

    /// <summary>Makes the pictures, and scores them by all scorers.</summary>
    /// <param name="arm">The arm.</param>
    /// <param name="items">The batch.</param>
    /// <param name="budgets">The budgets of all arms that make the arm's search, rising; empty: it makes none.</param>
    public async Task<IReadOnlyList<EvaluatedPicture>> RunAsync(
        EvaluationArm arm,
        IReadOnlyList<EvaluationItem> items,
        IReadOnlyList<int> budgets
    )
    {
        var request = arm.Apply(settings);
        var gate = GateOf(arm);
        List<ItemState> states = [.. items.Select(static item => new ItemState(item))];
        for (var sample = arm.FirstSample; sample < arm.FirstSample + arm.BestOf; sample++)
        {
            // All items, whichever have failed: a batch of samples is the same for all arms.
            var batch = await maker.SampleAsync(items, sample, request);
            await OfferAsync(states, batch, sample, gate);
        }
        for (var round = 1; round <= arm.Rounds; round++)
        {
            var open = states.Where(static state => state.Failure is null).ToList();
            if (open.Count == 0)
                break;
            var batch = await maker.RoundAsync([.. open.Select(state => Input(arm, state, round))], request);
            await OfferAsync(open, batch, sample: null, arm.Gated ? gate : null);
        }
        if (arm.Budget > 1)
            await SearchAsync(arm, [.. states.Where(static state => state.Failure is null)], request, budgets);
        return await ReportAsync(arm, states);
    }

    private async Task SearchAsync(EvaluationArm arm, IReadOnlyList<ItemState> open, AlignmentRequest request, IReadOnlyList<int> budgets)
    {
        if (open.Count == 0)
            return;
        var search = request with { Policy = SearchPolicies.ByName(arm.Policy!), Acceptance = models.Gate };
        List<RoundInput> inputs = [.. open.Select(state => Input(arm, state, round: null))];
        var batch = await maker.SearchAsync(
            inputs,
            search,
            arm.Budget!.Value,
            [.. budgets.Where(static budget => budget > 1)],
            Deciding(models.Gate!)
        );
        await OfferAsync(open, batch, sample: null, gate: null);
    }

    private IAcceptance? GateOf(EvaluationArm arm) =>
        arm.DecidedBy is { } scorer ? new ScoreGate(new ScoreCriterion { Scorer = scorer }) : models.Gate;

    private IEnumerable<IImageScorer> Deciding(IAcceptance gate) => models.Scorers.Where(scorer => gate.Scorers.Contains(scorer.Name));

    // Without a question of its own, an arm's or a prompt's, those that a pipeline of several rounds would draw; a search draws its own.
    private static RoundInput Input(EvaluationArm arm, ItemState state, int? round)
    {
        var question = arm.Question ?? state.Item.Prompt.Question;
        if (round is { } number)
            question ??= Questions.Draw(state.Item.Seed(state.Sample), number);
        return new RoundInput(state.Item, state.Kept!, state.Sample, question);
    }

    // A picture takes the place of the one that is kept if there is none yet, if no gate decides, or if it accepts it.
    private async Task OfferAsync(IReadOnlyList<ItemState> states, PictureBatch batch, int? sample, IAcceptance? gate)
    {
        foreach (var (index, state) in states.Index())
        {
            state.Seconds += batch.Cost.SecondsEach;
            state.Failure ??= batch.Pictures[index].Failure;
            if (state.Failure is not null)
                continue;
            var offered = new ChosenPicture(batch, index);
            if (state.Kept is { } kept && gate is not null)
            {
                var (before, after) = (await DecidingScoresAsync(gate, kept, state), await DecidingScoresAsync(gate, offered, state));
                if (state.Failure is not null || !gate.Accepts(before, after))
                    continue;
            }
            (state.Kept, state.Sample) = (offered, sample ?? state.Sample);
        }
    }

    private async Task<IReadOnlyList<NamedScore>> DecidingScoresAsync(IAcceptance gate, ChosenPicture picture, ItemState state)
    {
        var scores = new List<NamedScore>();
        foreach (var scorer in Deciding(gate))
        {
            var batch = await ScoreAsync(picture.Batch, scorer);
            var stored = batch.Scores[picture.Index];
            state.Failure ??= stored.Failure;
            if (state.Weighed.Add((picture, scorer.Name)))
                state.Seconds += batch.SecondsEach;
            scores.Add(new NamedScore(scorer.Name, stored.Score ?? double.NaN));
        }
        return scores;
    }

    private async Task<IReadOnlyList<EvaluatedPicture>> ReportAsync(EvaluationArm arm, IReadOnlyList<ItemState> states)
    {
        var pictures = new List<EvaluatedPicture>();
        foreach (var state in states)
        {
            var scores = new Dictionary<string, double>();
            var answers = new Dictionary<string, IReadOnlyList<double>>();
            var failure = state.Failure;
            foreach (var scorer in failure is null ? models.Scorers : [])
            {
                var stored = (await ScoreAsync(state.Kept!.Batch, scorer)).Scores[state.Kept.Index];
                if (stored.Score is { } value)
                    scores[scorer.Name] = value;
                else
                    failure ??= $"{scorer.Name}: {stored.Failure}";
                if (stored.Answers is { } given)
                    answers[scorer.Name] = given;
            }
            pictures.Add(
                new EvaluatedPicture(state.Item, arm, state.Failure is null ? state.Kept : null, scores, failure, state.Seconds)
                {
                    Answers = answers,
                }
            );
        }
        return pictures;
    }

    private async Task<ScoreBatch> ScoreAsync(PictureBatch batch, IImageScorer scorer)
    {
        if (!scored.TryGetValue((batch.Folder, scorer.Name), out var scores))
            scored[(batch.Folder, scorer.Name)] = scores = await maker.ScoreAsync(batch, scorer);
        return scores;
    }

    private sealed class ItemState(EvaluationItem item)
    {
        public EvaluationItem Item { get; } = item;

        public ChosenPicture? Kept { get; set; }

        /// <summary>The sample whose noise the kept picture has.</summary>
        public int Sample { get; set; }

        public string? Failure { get; set; }

        public double Seconds { get; set; }

        /// <summary>The pictures whose scores have been paid for.</summary>
        public HashSet<(ChosenPicture Picture, string Scorer)> Weighed { get; } = [];
    }
}

/// <summary>A picture of an arm, with its scores by the scorers' names, or why there is none.</summary>
internal sealed record EvaluatedPicture(
    EvaluationItem Item,
    EvaluationArm Arm,
    ChosenPicture? Picture,
    IReadOnlyDictionary<string, double> Scores,
    string? Failure,
    double Seconds
)
{
    /// <summary>The probabilities of the right answers to the prompt's questions, by the names of the scorers whose judges were
    /// asked.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<double>> Answers { get; init; } = new Dictionary<string, IReadOnlyList<double>>();
}
