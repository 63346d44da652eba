using System.Diagnostics;
using System.Security.Cryptography;
using ImgAlign.Imaging;

namespace ImgAlign.Evaluation.Running;

/// <summary>Pictures and scores of batches: out of the store, or made and stored.</summary>
/// <param name="store">Where they are kept.</param>
/// <param name="models">What makes them.</param>
/// <param name="questions">The questions about pictures that are given, by their prompts.</param>
/// <param name="makes">Whether what is not there is made.</param>
/// <param name="counter">Is told of pictures.</param>
/// <param name="cancellationToken">Ends it before its next step.</param>
internal sealed class PictureMaker(
    ContentStore store,
    EvaluationModels models,
    IReadOnlyDictionary<string, IReadOnlyList<PictureQuestion>> questions,
    bool makes,
    PictureCounter counter,
    CancellationToken cancellationToken
)
{
    private const string NotMade = "not made yet";

    // What failed is tried again by every run, but once.
    private readonly HashSet<string> tried = [];

    /// <summary>Samples of the base model.</summary>
    /// <param name="items">The batch.</param>
    /// <param name="sample">Which sample, from 0.</param>
    /// <param name="request">How they are sampled.</param>
    public Task<PictureBatch> SampleAsync(IReadOnlyList<EvaluationItem> items, int sample, AlignmentRequest request)
    {
        List<GenerationItem> inputs =
        [
            .. items.Select(item => new GenerationItem(item.Prompt.Prompt)
            {
                NegativePrompt = item.Prompt.NegativePrompt,
                Seed = item.Seed(sample),
                Size = item.Prompt.Size,
            }),
        ];
        var recipe = new Recipe(
            "sample",
            models.GenerationIdentity,
            request.MaxBatchSize,
            [.. inputs.Select(static item => new RecipeItem(item.Prompt, item.Seed, item.NegativePrompt, item.Size))]
        )
        {
            Sampling = SamplingRecipe.OfSample(request),
        };
        // What is of rounds alone is left out.
        var settings = new GenerationRequest(request) { ImagePromptScale = null, Strength = null };
        return ResolveAsync(
            recipe,
            inputs,
            async some =>
            {
                var result = await models.Generation.GenerateAsync(
                    settings with
                    {
                        Items = [.. some],
                    },
                    cancellationToken: cancellationToken
                );
                return
                [
                    .. result.Items.Select(item => new MadePicture(item.Image, item.PlainPrompt, item.Warnings, result.Report.InTiles)),
                ];
            }
        );
    }

    /// <summary>A round of alignment; every picture is kept.</summary>
    /// <param name="inputs">The batch.</param>
    /// <param name="request">How it is sampled.</param>
    public Task<PictureBatch> RoundAsync(IReadOnlyList<RoundInput> inputs, AlignmentRequest request)
    {
        var recipe = new Recipe(
            "round",
            $"{models.GenerationIdentity}\n{models.AlignmentIdentity}",
            request.MaxBatchSize,
            [.. inputs.Select(static input => input.ToRecipe())]
        )
        {
            Sampling = SamplingRecipe.OfRound(request),
        };
        var round = request with { Rounds = 1, Acceptance = ScoreGate.Open };
        return ResolveAsync(recipe, inputs, some => AlignAsync(models.Alignment!, some, round));
    }

    /// <summary>A search; the picture that it kept.</summary>
    /// <param name="inputs">The batch.</param>
    /// <param name="request">How it searches.</param>
    /// <param name="deciding">The scorers that decide.</param>
    public Task<PictureBatch> SearchAsync(IReadOnlyList<RoundInput> inputs, AlignmentRequest request, IEnumerable<IImageScorer> deciding)
    {
        var recipe = new Recipe(
            "search",
            string.Join('\n', [models.GenerationIdentity, models.AlignmentIdentity, .. deciding.Select(IdentityOf)]),
            request.MaxBatchSize,
            [.. inputs.Select(input => input.ToRecipe() with { PictureQuestions = questions.GetValueOrDefault(input.Item.Prompt.Prompt) })]
        )
        {
            Sampling = SamplingRecipe.OfRound(request),
            Search = $"{request.Policy!.Name}, {request.Budget} generations, {request.Acceptance!.Description}",
        };
        return ResolveAsync(recipe, inputs, some => AlignAsync(models.Search!, some, request));
    }

    /// <summary>The scores of a batch's pictures.</summary>
    /// <param name="batch">The batch.</param>
    /// <param name="scorer">The scorer.</param>
    public async Task<ScoreBatch> ScoreAsync(PictureBatch batch, IImageScorer scorer)
    {
        var there = batch.Pictures.Where(static picture => picture.Failure is null).ToList();
        var recipe = new Recipe(
            "scores",
            IdentityOf(scorer),
            there.Count,
            [
                .. there.Select(picture => new RecipeItem(picture.ScoredPrompt, Image: picture.Sha256)
                {
                    PictureQuestions = scorer is IJudgeScorer ? questions.GetValueOrDefault(picture.Prompt) : null,
                }),
            ]
        );
        var key = recipe.Key;
        var folder = store.Find(key);
        var record = folder is null ? null : Recipe.Read<ScoreRecord>(RecordOf(folder));
        if (there.Count > 0 && Needed(key, record?.Scores.Any(static score => score.Failure is not null)))
        {
            var watch = Stopwatch.StartNew();
            var attempts = await Attempts.RunAsync(
                there,
                async some =>
                {
                    List<ScoredPicture> pictures = [.. some.Select(picture => ToScored(batch, picture))];
                    return await scorer.Runtime.RunAsync(() => Scoring.Score(scorer, pictures), cancellationToken);
                }
            );
            record = new ScoreRecord(
                models.DeviceKind,
                [.. attempts.Select(static attempt => attempt.Result ?? new StoredScore(null, attempt.Failure))]
            )
            {
                Recipe = recipe,
            };
            folder = Write(key, record, watch.Elapsed, there.Count, static _ => { });
        }
        var found = new Queue<StoredScore>(record?.Scores ?? there.Select(static _ => new StoredScore(null, NotMade)));
        return new ScoreBatch(
            [.. batch.Pictures.Select(picture => picture.Failure is null ? found.Dequeue() : new StoredScore(null, picture.Failure))],
            folder is null ? 0 : CostOf(folder).SecondsEach
        );
    }

    private ScoredPicture ToScored(PictureBatch batch, StoredPicture picture) =>
        new(
            ImageFile.Load(Path.Combine(batch.Folder, picture.File!)),
            picture.ScoredPrompt,
            questions.GetValueOrDefault(picture.Prompt) ?? []
        );

    private async Task<IReadOnlyList<MadePicture>> AlignAsync(
        IAlignmentPipeline pipeline,
        IReadOnlyList<RoundInput> inputs,
        AlignmentRequest request
    )
    {
        var result = await pipeline.AlignAsync(
            request with
            {
                Items = [.. inputs.Select(static input => input.ToItem())],
            },
            cancellationToken: cancellationToken
        );
        return [.. result.Items.Select(item => new MadePicture(item.Image, item.PlainPrompt, item.Warnings, result.Report.InTiles))];
    }

    private string IdentityOf(IImageScorer scorer) => models.ScorerIdentities.GetValueOrDefault(scorer.Name) ?? scorer.Name;

    private async Task<PictureBatch> ResolveAsync<TItem>(
        Recipe recipe,
        IReadOnlyList<TItem> items,
        Func<IReadOnlyList<TItem>, Task<IReadOnlyList<MadePicture>>> make
    )
    {
        var key = recipe.Key;
        var folder = store.Find(key);
        var record = folder is null ? null : Recipe.Read<PictureRecord>(RecordOf(folder));
        if (Needed(key, record?.Pictures.Any(static picture => picture.Failure is not null)))
        {
            var watch = Stopwatch.StartNew();
            var attempts = await Attempts.RunAsync(items, make);
            record = new PictureRecord(models.DeviceKind, [.. recipe.Items.Zip(attempts, ToStored)]) { Recipe = recipe };
            folder = Write(
                key,
                record,
                watch.Elapsed,
                items.Count,
                unfinished =>
                {
                    foreach (var (picture, attempt) in record.Pictures.Zip(attempts))
                        if (attempt.Result is { } made)
                            File.WriteAllBytes(Path.Combine(unfinished, picture.File!), ImageFile.EncodePng(made.Image));
                }
            );
            counter.Made(key, items.Count, watch.Elapsed);
        }
        if (folder is null || record is null)
            return new PictureBatch(
                "",
                [.. recipe.Items.Select(static item => new StoredPicture(item.Prompt, item.Seed!.Value, Failure: NotMade))],
                new BatchCost(0, items.Count, "")
            );
        counter.Found(key, items.Count);
        return new PictureBatch(folder, record.Pictures, CostOf(folder));

        StoredPicture ToStored(RecipeItem item, Attempt<MadePicture> attempt) =>
            attempt.Result is { } made
                ? new StoredPicture(
                    item.Prompt,
                    item.Seed!.Value,
                    $"{ContentStore.Hash(Recipe.Write(item))[..16]}.png",
                    Convert.ToHexStringLower(SHA256.HashData(made.Image.Pixels)),
                    made.Warnings
                )
                {
                    PlainPrompt = made.PlainPrompt == item.Prompt ? null : made.PlainPrompt,
                    InTiles = made.InTiles,
                }
                : new StoredPicture(item.Prompt, item.Seed!.Value, Failure: attempt.Failure);
    }

    private bool Needed(string key, bool? hasFailures) => makes && hasFailures != false && tried.Add(key);

    private string Write<T>(string key, T record, TimeSpan duration, int items, Action<string> fill) =>
        store.Write(
            key,
            unfinished =>
            {
                fill(unfinished);
                File.WriteAllText(RecordOf(unfinished), Recipe.Write(record));
                var cost = new BatchCost(duration.TotalSeconds, items, Environment.MachineName);
                File.WriteAllText(Path.Combine(unfinished, PictureBatch.CostFile), Recipe.Write(cost));
            }
        );

    private static string RecordOf(string folder) => Path.Combine(folder, PictureBatch.RecordFile);

    private static BatchCost CostOf(string folder) => Recipe.Read<BatchCost>(Path.Combine(folder, PictureBatch.CostFile));

    private sealed record MadePicture(RgbImage Image, string PlainPrompt, IReadOnlyList<string> Warnings, bool InTiles);
}

/// <summary>Scores of a batch's pictures, in their order, and the seconds that each took.</summary>
internal sealed record ScoreBatch(IReadOnlyList<StoredScore> Scores, double SecondsEach);
