using System.Diagnostics;
using System.Security.Cryptography;
using ImgAlign.Imaging;

namespace ImgAlign.Evaluation.Running;

/// <summary>Pictures and scores of batches: out of the store, or made and stored.</summary>
/// <param name="store">Where they are kept.</param>
/// <param name="models">What makes them.</param>
/// <param name="questions">The questions about pictures that are given, by their prompts.</param>
/// <param name="makes">Whether what is not there is made.</param>
/// <param name="counter">Receives pictures.</param>
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
        return ResolveAsync([recipe], 0, inputs, (some, _) => GenerateAsync(some));

        async Task<IReadOnlyList<IReadOnlyList<MadePicture>>> GenerateAsync(IReadOnlyList<GenerationItem> some)
        {
            var result = await models.Generation.GenerateAsync(settings with { Items = [.. some] }, cancellationToken: cancellationToken);
            return
            [
                .. result.Items.Select(item =>
                    new[]
                    {
                        new MadePicture(item.Image, item.PlainPrompt, item.Warnings, result.Report.InTiles, Generations: 1)
                        {
                            Texts = models.Texts?.Of(result, item, settings),
                        },
                    }
                ),
            ];
        }
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
        return ResolveAsync([recipe], 0, inputs, (some, _) => AlignOnceAsync(some));

        async Task<IReadOnlyList<IReadOnlyList<MadePicture>>> AlignOnceAsync(IReadOnlyList<RoundInput> some)
        {
            var result = await AlignAsync(models.Alignment!, some, round);
            return [.. result.Items.Zip(some, (item, input) => new[] { ToMade(result, item, round, input) })];
        }
    }

    /// <summary>
    /// A search; the pictures that it kept. A policy does not know its budget, so that the search with the largest one shows what each
    /// smaller one would have kept, and all of them are stored. Where it fails, the next smaller one is tried: no arm lacks a picture because
    /// of another's budget.
    /// </summary>
    /// <param name="inputs">The batch.</param>
    /// <param name="request">How it searches.</param>
    /// <param name="budget">The most pictures, the given one counted.</param>
    /// <param name="budgets">This and the others that are asked for, rising.</param>
    /// <param name="deciding">The scorers that decide.</param>
    public Task<PictureBatch> SearchAsync(
        IReadOnlyList<RoundInput> inputs,
        AlignmentRequest request,
        int budget,
        IReadOnlyList<int> budgets,
        IEnumerable<IImageScorer> deciding
    )
    {
        var common = new Recipe(
            "search",
            string.Join('\n', [models.GenerationIdentity, models.AlignmentIdentity, .. deciding.Select(IdentityOf)]),
            request.MaxBatchSize,
            [.. inputs.Select(input => input.ToRecipe() with { PictureQuestions = questions.GetValueOrDefault(input.Item.Prompt.Prompt) })]
        )
        {
            Sampling = SamplingRecipe.OfRound(request),
        };
        // What is drawn together is other for another largest budget, and with it the rounding.
        List<Recipe> recipes =
        [
            .. budgets.Select(own =>
                common with
                {
                    Search = $"{request.Policy!.Name}, {own} of {budgets[^1]} generations, {request.Acceptance!.Description}",
                }
            ),
        ];
        return ResolveAsync(recipes, budgets.ToList().IndexOf(budget), inputs, SearchAsync);

        async Task<IReadOnlyList<IReadOnlyList<MadePicture>>> SearchAsync(IReadOnlyList<RoundInput> some, int count)
        {
            var search = request with { Budget = budgets[count - 1] - 1 };
            var result = await AlignAsync(models.Search!, some, search);
            return
            [
                .. result.Items.Zip(
                    some,
                    (item, input) =>
                        budgets
                            .Take(count)
                            .Select(own => ToMade(result, Within(item, own), search with { Budget = own - 1 }, input))
                            .ToList()
                ),
            ];
        }
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

    private Task<AlignmentResult> AlignAsync(IAlignmentPipeline pipeline, IReadOnlyList<RoundInput> inputs, AlignmentRequest request) =>
        pipeline.AlignAsync(
            request with
            {
                Items = [.. inputs.Select(static input => input.ToItem())],
            },
            cancellationToken: cancellationToken
        );

    // What the same search would have made with a smaller budget: its pictures are the first of the larger one's.
    private static AlignedItem Within(AlignedItem item, int budget) =>
        item with
        {
            Budget = budget - 1,
            Candidates = [.. item.Candidates.Take(budget)],
        };

    private MadePicture ToMade(AlignmentResult result, AlignedItem item, AlignmentRequest request, RoundInput input) =>
        new(item.Image, item.PlainPrompt, item.Warnings, result.Report.InTiles, item.Generations)
        {
            Texts = models.Texts?.Of(result, item, request, input.Picture.File),
        };

    private string IdentityOf(IImageScorer scorer) => models.ScorerIdentities.GetValueOrDefault(scorer.Name) ?? scorer.Name;

    /// <summary>Pictures out of the store; where they are not there, they are made, with others that are made together with them.</summary>
    /// <param name="recipes">What all that are made together follow from, the shortest work first.</param>
    /// <param name="wanted">Which of them is asked for.</param>
    /// <param name="items">The batch.</param>
    /// <param name="make">Makes the pictures of some items, one for each of the first recipes, of which it is given the number.</param>
    private async Task<PictureBatch> ResolveAsync<TItem>(
        List<Recipe> recipes,
        int wanted,
        IReadOnlyList<TItem> items,
        Func<IReadOnlyList<TItem>, int, Task<IReadOnlyList<IReadOnlyList<MadePicture>>>> make
    )
    {
        var key = recipes[wanted].Key;
        var (folder, record) = Find(key);
        if (Needed(key, record))
        {
            var watch = Stopwatch.StartNew();
            var attempts = await MakeAsync(recipes.Count, items, make);
            var duration = watch.Elapsed;
            var generations = attempts.Select(static own => own.Sum(static attempt => attempt.Result?.Generations ?? 0)).ToList();
            var most = generations.Max();
            foreach (var (place, recipe) in recipes.Index())
            {
                if (place != wanted && !Needed(recipe.Key, Find(recipe.Key).Record))
                    continue; // what is whole stays as its arm has it
                Write(recipe, attempts[place], most == 0 ? duration : duration * generations[place] / most);
                counter.Made(recipe.Key, items.Count, duration / recipes.Count);
            }
            (folder, record) = Find(key);
        }
        if (folder is null || record is null)
            return new PictureBatch(
                "",
                [.. recipes[wanted].Items.Select(static item => new StoredPicture(item.Prompt, item.Seed!.Value, Failure: NotMade))],
                new BatchCost(0, items.Count, "")
            );
        counter.Found(key, items.Count);
        return new PictureBatch(folder, record.Pictures, CostOf(folder));
    }

    // The items' pictures for each of some recipes. Items whose last one fails are made again without it.
    private static async Task<Attempt<MadePicture>[][]> MakeAsync<TItem>(
        int recipes,
        IReadOnlyList<TItem> items,
        Func<IReadOnlyList<TItem>, int, Task<IReadOnlyList<IReadOnlyList<MadePicture>>>> make
    )
    {
        var made = Enumerable.Range(0, recipes).Select(_ => new Attempt<MadePicture>[items.Count]).ToArray();
        List<int> open = [.. Enumerable.Range(0, items.Count)];
        for (var count = recipes; count > 0 && open.Count > 0; count--)
        {
            var attempts = await Attempts.RunAsync([.. open.Select(item => items[item])], some => make(some, count));
            foreach (var (item, (pictures, failure)) in open.Zip(attempts))
            {
                made[count - 1][item] = new Attempt<MadePicture>(null, failure);
                foreach (var (place, picture) in (pictures ?? []).Index())
                    made[place][item] = new Attempt<MadePicture>(picture, null);
            }
            open = [.. open.Zip(attempts).Where(static pair => pair.Second.Result is null).Select(static pair => pair.First)];
        }
        return made;
    }

    private (string? Folder, PictureRecord? Record) Find(string key) =>
        store.Find(key) is { } folder ? (folder, Recipe.Read<PictureRecord>(RecordOf(folder))) : (null, null);

    private void Write(Recipe recipe, IReadOnlyList<Attempt<MadePicture>> attempts, TimeSpan duration)
    {
        var record = new PictureRecord(models.DeviceKind, [.. recipe.Items.Zip(attempts, ToStored)]) { Recipe = recipe };
        Write(
            recipe.Key,
            record,
            duration,
            attempts.Count,
            unfinished =>
            {
                foreach (var (picture, attempt) in record.Pictures.Zip(attempts))
                    if (attempt.Result is { } made)
                        File.WriteAllBytes(Path.Combine(unfinished, picture.File!), ImageFile.EncodePng(made.Image, made.Texts));
            }
        );
    }

    private static StoredPicture ToStored(RecipeItem item, Attempt<MadePicture> attempt) =>
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

    private bool Needed(string key, PictureRecord? record) =>
        Needed(key, record?.Pictures.Any(static picture => picture.Failure is not null));

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

    private sealed record MadePicture(RgbImage Image, string PlainPrompt, IReadOnlyList<string> Warnings, bool InTiles, int Generations)
    {
        public IReadOnlyDictionary<string, string>? Texts { get; init; }
    }
}

/// <summary>Scores of a batch's pictures, in their order, and the seconds that each took.</summary>
internal sealed record ScoreBatch(IReadOnlyList<StoredScore> Scores, double SecondsEach);
