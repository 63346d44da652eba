using ImgAlign.Evaluation.Running;

namespace ImgAlign.Evaluation;

/// <summary>
/// Makes the pictures of all arms and scores them. What is stored already is not made again, so that a run that ended, however it ended,
/// goes on where it was, and several machines can share one folder.
/// </summary>
/// <param name="options">What is measured.</param>
/// <param name="openModels">Opens the models with what is other in their configuration (<see cref="EvaluationArm.Models"/>).</param>
public sealed class EvaluationRun(EvaluationOptions options, Func<IReadOnlyDictionary<string, string>, EvaluationModels> openModels)
{
    private const string PicturesFolder = "pictures";

    /// <summary>Makes what is not there yet of this run's part.</summary>
    /// <param name="progress">Receives every batch.</param>
    /// <param name="cancellationToken">Ends the run before its next step.</param>
    /// <returns>The part's pictures and scores.</returns>
    /// <exception cref="ImgAlignException">The arms make no sense, or models cannot be read. What fails alone is in the result.</exception>
    public Task<EvaluationResult> RunAsync(IProgress<EvaluationProgress>? progress = null, CancellationToken cancellationToken = default) =>
        WalkAsync(makes: true, progress, cancellationToken);

    /// <summary>Reads what all parts have made, and makes nothing; what is missing is a failure that says so.</summary>
    /// <param name="cancellationToken">Ends it before its next step.</param>
    /// <exception cref="ImgAlignException">The arms make no sense.</exception>
    public Task<EvaluationResult> ReadAsync(CancellationToken cancellationToken = default) =>
        WalkAsync(makes: false, null, cancellationToken);

    private async Task<EvaluationResult> WalkAsync(bool makes, IProgress<EvaluationProgress>? progress, CancellationToken cancellationToken)
    {
        options.Check();
        var batches = options.Batches(all: !makes);
        var counter = new PictureCounter(batches.Sum(static batch => batch.Length) * StagesOf(options.Matrix.Arms).Count, progress);
        var pictures = new List<EvaluatedPicture>();
        var leftOut = new List<string>();
        var scorers = new HashSet<string>();
        var judges = new Dictionary<string, string>();
        var questions = options
            .Prompts.Where(static prompt => prompt.PictureQuestions.Count > 0)
            .DistinctBy(static prompt => prompt.Prompt)
            .ToDictionary(static prompt => prompt.Prompt, static prompt => prompt.PictureQuestions);
        IAcceptance? gate = null;
        foreach (var arms in options.Matrix.Arms.GroupBy(static arm => KeyOf(arm.Models)))
        {
            await using var models = openModels(arms.First().Models);
            gate ??= models.Gate;
            scorers.UnionWith(models.Scorers.Select(static scorer => scorer.Name));
            foreach (var scorer in models.Scorers.OfType<IJudgeScorer>())
                judges[scorer.Name] = scorer.Judge.Name;
            var store = new ContentStore(Path.Combine(options.Folder, PicturesFolder), models.DeviceKind);
            var maker = new PictureMaker(store, models, questions, makes, counter, cancellationToken);
            foreach (var arm in arms)
            {
                if (arm.DecidedBy is { } decider && models.Scorers.All(scorer => scorer.Name != decider))
                    throw new ImgAlignException(
                        $"The arm '{arm.Name}' is decided by '{decider}', which is none of the scorers here: "
                            + $"{string.Join(", ", models.Scorers.Select(static scorer => scorer.Name))}."
                    );
                if (arm.NeedsGate && models.Gate is null || arm.Policy is not null && models.Search is null)
                {
                    leftOut.Add(arm.Name);
                    continue;
                }
                if (arm.NeedsDetector && models.Alignment is null)
                    throw new ImgAlignException(
                        $"The arm '{arm.Name}' reads and aligns pictures, but there are no detector and aligner; add both, or leave it out."
                    );
                var runner = new ArmRunner(maker, models, options.Settings);
                int[] budgets = [.. arms.Where(arm.SearchesAs).Select(static other => other.Budget!.Value).Distinct().Order()];
                foreach (var batch in batches)
                    pictures.AddRange(await runner.RunAsync(arm, batch, budgets));
            }
        }
        return new EvaluationResult(options, pictures, [.. scorers], judges, gate, leftOut);
    }

    // The stages that make pictures; arms share those that are alike.
    private HashSet<string> StagesOf(IEnumerable<EvaluationArm> arms)
    {
        var stages = new HashSet<string>();
        foreach (var arm in arms)
        {
            var request = arm.Apply(options.Settings);
            var sampling = $"{KeyOf(arm.Models)} {Recipe.Write(SamplingRecipe.OfSample(request))}";
            for (var sample = arm.FirstSample; sample < arm.FirstSample + arm.BestOf; sample++)
                stages.Add($"{sampling} sample {sample}");
            var first =
                $"{sampling} {arm.FirstSample} {arm.BestOf} {(arm.BestOf > 1 ? arm.DecidedBy : null)} {arm.Question} "
                + Recipe.Write(SamplingRecipe.OfRound(request));
            if (arm.Budget > 1)
                stages.Add($"{first} {arm.Policy} {arm.Budget}");
            for (var round = 1; round <= arm.Rounds; round++)
                stages.Add($"{first} round {round} {(round > 1 && arm.Gated ? $"gated {arm.DecidedBy}" : "")}");
        }
        return stages;
    }

    private static string KeyOf(IReadOnlyDictionary<string, string> models) =>
        string.Join(
            '\n',
            models.OrderBy(static pair => pair.Key, StringComparer.Ordinal).Select(static pair => $"{pair.Key}={pair.Value}")
        );
}
