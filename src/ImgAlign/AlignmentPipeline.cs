using ImgAlign.Detectors;
using ImgAlign.Generation;
using ImgAlign.Running;
using ImgAlign.Runtime;
using ImgAlign.Search;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using TorchSharp;

namespace ImgAlign;

/// <inheritdoc cref="IAlignmentPipeline"/>
public sealed partial class AlignmentPipeline : IAlignmentPipeline
{
    private readonly IReadOnlyList<IDiffusionBackbone> backbones;
    private readonly IDiffusionBackbone backbone;
    private readonly IImagePromptEncoder? imagePrompt;
    private readonly IMisalignmentDetector? detector;
    private readonly IImplicitAligner? aligner;
    private readonly IReadOnlyList<IImageScorer> scorers;
    private readonly IAcceptance acceptance;
    private readonly ISearchPolicy policy;
    private readonly int? budget;
    private readonly IPromptRewriter rewriter;
    private readonly string? preset;
    private readonly RunHost host;

    /// <summary>Puts a pipeline together. The models may be on different devices, and are disposed by whoever made them, after the
    /// pipeline.</summary>
    /// <param name="backbone">The diffusion model.</param>
    /// <param name="detector">The multimodal language model.</param>
    /// <param name="aligner">The aligner that was trained for these two.</param>
    /// <param name="options">Scorers, further devices, and what is recorded; null: the defaults.</param>
    /// <param name="loggerFactory">Where messages go; null: nowhere.</param>
    /// <exception cref="ArgumentException"> The models do not fit each other, two backbones are on one device, two scorers have the same
    /// name, or what decides names one that is not there.
    /// </exception>
    public AlignmentPipeline(
        IDiffusionBackbone backbone,
        IMisalignmentDetector detector,
        IImplicitAligner aligner,
        AlignmentPipelineOptions? options = null,
        ILoggerFactory? loggerFactory = null
    )
        : this(backbone, options ?? new AlignmentPipelineOptions(), SearchPolicies.Rounds, loggerFactory)
    {
        ArgumentNullException.ThrowIfNull(detector);
        ArgumentNullException.ThrowIfNull(aligner);
        (this.detector, this.aligner) = (detector, aligner);
        imagePrompt =
            backbone.ImagePrompt
            ?? throw new ArgumentException($"An alignment works by an image prompt, but {backbone.NoImagePrompt}.", nameof(backbone));
        AlignerRules.RequireFit(aligner, backbone, detector);
    }

    /// <summary>Puts a pipeline together that draws and selects, and aligns nothing: for the policy best-of-n and others that only draw
    /// other noise.</summary>
    /// <param name="backbone">The diffusion model; it needs no image prompt.</param>
    /// <param name="options">Scorers, further devices, and what is recorded.</param>
    /// <param name="loggerFactory">Where messages go; null: nowhere.</param>
    /// <exception cref="ArgumentException">Two backbones are on one device, two scorers have the same name, or what decides names one that
    /// is not there.</exception>
    public AlignmentPipeline(IDiffusionBackbone backbone, AlignmentPipelineOptions options, ILoggerFactory? loggerFactory = null)
        : this(backbone, options, SearchPolicies.BestOfN, loggerFactory) { }

    private AlignmentPipeline(
        IDiffusionBackbone backbone,
        AlignmentPipelineOptions options,
        ISearchPolicy usual,
        ILoggerFactory? loggerFactory
    )
    {
        ArgumentNullException.ThrowIfNull(backbone);
        ArgumentNullException.ThrowIfNull(options);
        (this.backbone, scorers, preset) = (backbone, options.Scorers, options.Preset);
        backbones = PipelineRules.Backbones(backbone, options.Replicas);
        if (scorers.CountBy(static scorer => scorer.Name).FirstOrDefault(static count => count.Value > 1).Key is { } name)
            throw new ArgumentException(
                $"There are two scorers named '{name}'; scores are recorded by name, so each scorer needs its own.",
                nameof(options)
            );
        acceptance = options.Acceptance ?? AcceptanceRules.Default(scorers);
        (policy, budget, rewriter) = (options.Policy ?? usual, options.Budget, options.Rewriter ?? new CritiqueRewriter());
        if (AcceptanceRules.Problem(acceptance, scorers) is { } problem)
            throw new ArgumentException(problem, nameof(options));
        host = new RunHost(
            typeof(AlignmentPipeline),
            options.RecordPrompts,
            (loggerFactory ?? NullLoggerFactory.Instance).CreateLogger<AlignmentPipeline>()
        );
    }

    // A judge may be the detector.
    private IReadOnlyList<IModel> AllModels
    {
        get
        {
            IReadOnlyList<IModel?> all = [.. backbones, detector, aligner, .. scorers, .. Judges];
            return [.. all.OfType<IModel>().Distinct()];
        }
    }

    private IEnumerable<IImageJudge> Judges => scorers.OfType<IJudgeScorer>().Select(static scorer => scorer.Judge);

    /// <inheritdoc/>
    public Task<AlignmentResult> AlignAsync(
        AlignmentRequest request,
        IProgress<RunUpdate>? progress = null,
        CancellationToken cancellationToken = default
    )
    {
        var resolved = Resolve(request);
        return host.RunAsync(Plan(resolved), run => Align(resolved, run), progress, cancellationToken);
    }

    /// <inheritdoc/>
    public IAsyncEnumerable<RunUpdate> StreamAsync(AlignmentRequest request, CancellationToken cancellationToken = default)
    {
        var resolved = Resolve(request);
        return host.StreamAsync(Plan(resolved), run => Align(resolved, run), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<IReadOnlyList<string>> DescribeAsync(
        IReadOnlyList<AlignmentItem> items,
        int maxNewTokens = 128,
        CancellationToken cancellationToken = default
    )
    {
        if (detector is null)
            throw new InvalidOperationException("This pipeline was made without a detector, and describes nothing; give it one.");
        var inputs = RequestRules.ResolveDescription(items, maxNewTokens, detector);
        var workload = new Workload
        {
            Size = inputs.Select(static input => input.Image.Size).MaxBy(static size => (long)size.Width * size.Height),
            Batch = inputs.Count,
            Question = inputs.Select(static input => input.Question).MaxBy(static question => question.Length),
            CritiqueTokens = maxNewTokens,
        };
        var plan = new RunPlan(
            "describe",
            [detector],
            workload,
            inputs.Count,
            items[0].Seed,
            string.Join('\n', items.Select(static item => item.Prompt)),
            []
        );
        return host.RunAsync(plan, run => Describe(inputs, maxNewTokens, run), progress: null, cancellationToken);
    }

    /// <inheritdoc/>
    public IReadOnlyList<MemoryEstimate> EstimateMemory(AlignmentRequest request) =>
        [.. RunHost.Estimate(Plan(Resolve(request))).Devices.Select(static device => device.Estimate)];

    /// <summary>Cancels this pipeline's runs and waits until they have ended, unless called from within one.</summary>
    public ValueTask DisposeAsync() => host.DisposeAsync();

    /// <summary>Cancels this pipeline's runs and waits until they have ended, unless called from within one.</summary>
    public void Dispose() => host.DisposeAsync().AsTask().GetAwaiter().GetResult();

    private ResolvedAlignment Resolve(AlignmentRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        request = request with { Preset = request.Preset ?? preset };
        var resolved = RequestRules.Resolve(request, backbone, detector, scorers, acceptance, policy, budget);
        return aligner is not null && AlignerRules.FindDoubt(aligner, backbone) is { } doubt ? resolved.Warn(doubt) : resolved;
    }

    private RunPlan Plan(ResolvedAlignment asked)
    {
        var workload = PipelineRules.Workload(asked.Generation) with
        {
            Batch = asked.Request.Items.Zip(asked.Budgets).Sum(item => MostAtOnce(item.First, item.Second, asked.Policy)),
            Question = asked.Questions.SelectMany(static questions => questions).MaxBy(static question => question.Length),
            CritiqueTokens = asked.CritiqueTokens,
            Judges = Judges.Any(),
        };
        var prompts = string.Join('\n', asked.Request.Items.Select(static item => item.Prompt));
        return new RunPlan(
            "align",
            AllModels,
            workload,
            asked.Generation.MaxBatchSize,
            asked.Request.Items[0].Seed,
            prompts,
            [.. asked.Generation.Items.SelectMany(static item => item.Warnings).Distinct()]
        );
    }

    private static List<SearchTree> SearchTrees(ResolvedAlignment asked) =>
        [.. asked.Generation.Items.Select(item => new SearchTree(asked.Request.Items[item.Index], item, asked.Budgets[item.Index]))];

    // The first picture is drawn alone, and the others as many at once as the policy may propose.
    private static int MostAtOnce(AlignmentItem item, int budget, ISearchPolicy policy) =>
        Math.Max(1, Math.Min(item.Image is null ? budget - 1 : budget, policy.Width));

    // As if every item spent its budget, one picture a round.
    private double PlannedUnits(IReadOnlyList<SearchTree> items, ImageGenerator generator)
    {
        const int StagesOfStart = 3,
            StagesOfRound = 4; // beside the steps of the sampler and the scorers
        var rounds = items.Max(static item => item.Item.Image is null ? item.Budget - 1 : item.Budget);
        return items.Sum(item => item.Budget * (double)generator.CountEvaluations(item.Resolved))
            + StagesOfStart
            + scorers.Count
            + rounds * (StagesOfRound + scorers.Count);
    }

    // Those that are given, and for the others what the backbone draws.
    private static IReadOnlyList<RgbImage> FirstPictures(IReadOnlyList<SearchTree> items, ImageGenerator generator)
    {
        var drawn = items.Where(static item => item.Item.Image is null).ToList();
        var pictures = drawn.Zip(generator.Generate([.. drawn.Select(static item => new Drawing(item.Resolved))])).ToDictionary();
        return [.. items.Select(item => item.Item.Image ?? pictures[item])];
    }

    private torch.Tensor? EncodeParents(List<Attempt> aligned, RunContext run) =>
        aligned.Count == 0 ? null : run.EncodeImages(backbone, imagePrompt!, [.. aligned.Select(static attempt => attempt.Parent.Image)]);

    private AlignmentResult ToResult(ResolvedAlignment asked, IReadOnlyList<SearchTree> items, RunContext run)
    {
        IReadOnlyList<AlignedItem> aligned = [.. items.Select(static item => item.ToResult())];
        run.Accepted = aligned.Any(static item => item.Accepted);
        return new AlignmentResult
        {
            Items = aligned,
            Settings = asked.Generation.Settings,
            Loras = backbone.Info.Loras,
            Acceptance = asked.Acceptance,
            Policy = asked.Policy,
            Report = run.Finish(),
        };
    }

    private IReadOnlyList<string> Describe(IReadOnlyList<DetectionInput> inputs, int maxNewTokens, RunContext run)
    {
        using var detections = Detect(inputs, maxNewTokens, RunStage.Describe, run);
        return
        [
            .. Enumerable
                .Range(0, inputs.Count)
                .Select(item =>
                    detections[item].Critique
                    ?? throw new ImgAlignException($"{detector!.Name} does not answer in words; use another detector for that.")
                ),
        ];
    }

    private DetectionBatch Detect(IReadOnlyList<DetectionInput> inputs, int critiqueTokens, RunStage stage, RunContext run) =>
        inputs.Count == 0
            ? new DetectionBatch([])
            : run.Stage(
                stage,
                detector!,
                () =>
                    new DetectionBatch(
                        DecoderReading.Collect(
                            inputs.Chunk(run.BatchSize),
                            batch => detector!.Detect(batch, critiqueTokens, run.CancellationToken)
                        )
                    )
            );

    // One list of scores a picture, in the order of the scorers.
    private List<IReadOnlyList<NamedScore>> Score(IReadOnlyList<SearchTree> items, IReadOnlyList<RgbImage> images, RunContext run)
    {
        var byScorer = scorers
            .Select(scorer =>
                run.Stage(
                    RunStage.Score,
                    scorer,
                    () => items.Zip(images).Chunk(run.BatchSize).SelectMany(batch => Score(scorer, batch)).ToList()
                )
            )
            .ToList();
        return
        [
            .. images.Select(
                (_, place) =>
                    ValueList.Of(
                        byScorer.Zip(
                            scorers,
                            (judged, scorer) => new NamedScore(scorer.Name, judged[place].Score) { Answers = judged[place].Answers }
                        )
                    )
            ),
        ];
    }

    private static IReadOnlyList<JudgedPicture> Score(IImageScorer scorer, (SearchTree Item, RgbImage Image)[] batch)
    {
        RgbImage[] images = [.. batch.Select(static pair => pair.Image)];
        string[] prompts = [.. batch.Select(static pair => pair.Item.Resolved.PlainPrompt)];
        var scores = scorer is IJudgeScorer judge
            ? judge.Score(images, prompts, [.. batch.Select(static pair => pair.Item.Item.PictureQuestions)])
            : [.. scorer.Score(images, prompts).Select(static score => new JudgedPicture(score, []))];
        if (scores.Count != batch.Length)
            throw new ImgAlignException($"The scorer {scorer.Name} gave {scores.Count} scores for {batch.Length} pictures.");
        foreach (var (judged, (item, _)) in scores.Zip(batch))
        {
            if (!double.IsFinite(judged.Score))
                throw new ImgAlignException(
                    $"The scorer {scorer.Name} gave item {item.Resolved.Index} the score {judged.Score}; leave the scorer out."
                );
        }
        return scores;
    }
}
