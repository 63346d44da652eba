using ImgAlign.Alignment;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Scenes;
using ImgAlign.ShapeWorld.Training;

namespace ImgAlign.ShapeWorld.Evaluation;

/// <summary>
/// Measures the method on prompts that are new, by the pipelines that users call: the base model; more samples of it, of which the scorer
/// takes the best, at the cost of as many rounds; rounds, and rounds that the scorer may refuse; the ablations. All have the same noise;
/// further samples have their own.
/// </summary>
public sealed class WorldEvaluation : IDisposable
{
    // Apart from all seeds of training and of the stages' measurements.
    private const long PromptSeed = 0x0E7A1;
    private const int CritiqueTokens = 40;
    private const int BatchSize = 64;

    private static readonly int[] OtherPasses = [1, 2];

    private readonly WorldFolder world;
    private readonly WorldFolder? ablations;
    private readonly EvaluationOptions options;
    private readonly DeviceRuntime runtime;
    private readonly WorldBackbone backbone;
    private readonly WorldScorer scorer;
    private readonly List<Scene> scenes = [];
    private readonly List<string> prompts = [];

    /// <summary>Opens a trained world and draws the prompts.</summary>
    /// <param name="runtime">The device that it is measured on; the world's networks are small and run on one thread of a CPU as fast as on
    /// more.</param>
    /// <param name="world">The world.</param>
    /// <param name="ablations">What was trained for the ablations; null: those are left out.</param>
    /// <param name="options">What is measured.</param>
    /// <exception cref="ImgAlignException">The world is not complete, or the ablations are not.</exception>
    public WorldEvaluation(DeviceRuntime runtime, WorldFolder world, WorldFolder? ablations, EvaluationOptions options)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(options);
        (this.runtime, this.world, this.ablations, this.options) = (runtime, world, ablations, options);
        if (
            ablations is not null
            && AlignerVariant.Ablations.FirstOrDefault(variant => !File.Exists(variant.File(world, ablations))) is { } missing
        )
            throw new ImgAlignException(
                $"{missing.File(world, ablations)} is not there; train the stage {missing.Name}, or measure without ablations."
            );
        backbone = new WorldBackbone(runtime, world);
        scorer = new WorldScorer(runtime, world);
        for (var i = 0; i < options.Prompts; i++)
        {
            var random = new SceneRandom(PromptSeed + options.Seed, i);
            scenes.Add(Scene.Draw(random, heldOut: i % 2 == 1));
            prompts.Add(Captions.Write(scenes[i], random));
        }
    }

    /// <summary>Generates and judges.</summary>
    /// <param name="progress">Is told the name of each way that is finished.</param>
    /// <param name="cancellationToken">Ends the measurement before its next step.</param>
    public async Task<EvaluationResult> RunAsync(IProgress<string>? progress = null, CancellationToken cancellationToken = default)
    {
        using var detector = AlignerVariant.Full.OpenDetector(runtime, world, world);
        using var aligner = new ImplicitAligner(runtime, world.Aligner);
        using var generation = new GenerationPipeline(backbone);
        using var method = new AlignmentPipeline(backbone, detector, aligner);
        var gatedOptions = new AlignmentPipelineOptions
        {
            Scorers = [scorer],
            Policy = new RoundsPolicy { StopsAtRejection = false },
        };
        using var gatedMethod = new AlignmentPipeline(backbone, detector, aligner, gatedOptions);

        var samples = new List<IReadOnlyList<RgbImage>>();
        for (var number = 0; number < 3; number++)
            samples.Add(await Sample(number));
        var first = Arm(EvaluationResult.Base, 1, samples[0]);
        var second = Arm(EvaluationResult.SecondSample, 1, samples[1]);
        var bestOfTwo = Arm(EvaluationResult.BestOfTwo, 2, await Better(samples[0], samples[1]));
        var bestOfThree = Arm(EvaluationResult.BestOfThree, 3, await Better(bestOfTwo.Images, samples[2]));

        var rounds = await Align(method, first.Images, Method() with { Rounds = 2 });
        var round = Arm(EvaluationResult.Round, 2, [.. rounds.Select(static item => item.Candidates[1].Image)]);
        var gatedRounds = await Align(gatedMethod, first.Images, Method() with { Rounds = 2 });
        var gated = Arm(
            EvaluationResult.GatedRound,
            2,
            [.. gatedRounds.Select(static item => item.Candidates[1].Accepted ? item.Candidates[1].Image : item.BaseImage)]
        );
        var twoRounds = Arm(EvaluationResult.TwoRounds, 3, [.. rounds.Select(static item => item.Image)]);
        var twoGated = Arm(EvaluationResult.TwoGatedRounds, 3, [.. gatedRounds.Select(static item => item.Image)]);
        IReadOnlyList<EvaluationArm> arms = [first, second, bestOfTwo, bestOfThree, round, gated, twoRounds, twoGated];

        List<EvaluationArm> passes = [];
        foreach (var count in OtherPasses.Where(count => count != options.Passes))
            passes.Add(
                Arm(
                    count == 1 ? "1 pass of the aligner" : $"{count} passes of the aligner",
                    2,
                    Images(await Align(method, first.Images, Method() with { AlignerPasses = count }))
                )
            );
        var others = ablations is null ? [] : await Ablate(ablations, detector, first.Images, Arm);
        var critiques = await method.DescribeAsync(
            [.. Items(first.Images).Take(EvaluationReport.Shown)],
            CritiqueTokens,
            cancellationToken
        );
        return new EvaluationResult(options, prompts, scenes, arms, others, passes, critiques);

        EvaluationArm Arm(string name, int generations, IReadOnlyList<RgbImage> images)
        {
            var arm = new EvaluationArm(
                name,
                generations,
                images,
                [.. scenes.Zip(images, static (scene, image) => SceneEvaluator.Judge(image, scene))]
            );
            progress?.Report(FormattableString.Invariant($"{name}: {arm.Right.Count(static right => right)} of {images.Count} right"));
            return arm;
        }

        async Task<IReadOnlyList<RgbImage>> Sample(int number)
        {
            var items = prompts.Select((prompt, index) => new GenerationItem(prompt) { Seed = (long)number * prompts.Count + index });
            var result = await generation.GenerateAsync(
                new GenerationRequest(items)
                {
                    Steps = options.Steps,
                    Guidance = options.Guidance,
                    MaxBatchSize = BatchSize,
                },
                cancellationToken: cancellationToken
            );
            return [.. result.Items.Select(static item => item.Image)];
        }

        async Task<IReadOnlyList<AlignedItem>> Align(
            AlignmentPipeline pipeline,
            IReadOnlyList<RgbImage> images,
            AlignmentRequest request
        ) => (await pipeline.AlignAsync(request with { Items = Items(images) }, cancellationToken: cancellationToken)).Items;

        async Task<List<EvaluationArm>> Ablate(
            WorldFolder folder,
            IMisalignmentDetector own,
            IReadOnlyList<RgbImage> images,
            Func<string, int, IReadOnlyList<RgbImage>, EvaluationArm> judge
        )
        {
            using var unaligned = new AlignmentPipeline(
                backbone,
                own,
                new UnalignedFeatures(runtime, own.HiddenSize, backbone.Info.ImagePromptWidth)
            );
            List<EvaluationArm> ablated =
            [
                judge("the picture's own features, unaligned", 2, Images(await Align(unaligned, images, Method()))),
            ];
            foreach (var variant in AlignerVariant.Ablations)
            {
                using var otherAligner = new ImplicitAligner(runtime, variant.File(world, folder));
                using var otherDetector = variant.OpenDetector(runtime, world, folder);
                using var pipeline = new AlignmentPipeline(backbone, otherDetector, otherAligner);
                var items = Items(images).Select(item => item with { Question = variant.Template }).ToList();
                ablated.Add(
                    judge(
                        variant.Title,
                        2,
                        Images((await pipeline.AlignAsync(Method() with { Items = items }, cancellationToken: cancellationToken)).Items)
                    )
                );
            }
            return ablated;
        }

        // The scorer's choice; the first where it has none.
        async Task<IReadOnlyList<RgbImage>> Better(IReadOnlyList<RgbImage> images, IReadOnlyList<RgbImage> alternatives)
        {
            var (scores, otherScores) = await runtime.RunAsync(() => (Scores(images), Scores(alternatives)), cancellationToken);
            return [.. images.Select((image, index) => otherScores[index] > scores[index] ? alternatives[index] : image)];
        }
    }

    /// <summary>Frees all networks.</summary>
    public void Dispose()
    {
        scorer.Dispose();
        backbone.Dispose();
    }

    // Every round is kept where no scorer decides.
    private AlignmentRequest Method() =>
        new()
        {
            Steps = options.Steps,
            Guidance = options.Guidance,
            ImagePromptScale = options.Scale,
            AlignerPasses = options.Passes,
            MaxBatchSize = BatchSize,
        };

    private List<AlignmentItem> Items(IReadOnlyList<RgbImage> images) =>
        [.. prompts.Select((prompt, index) => new AlignmentItem(prompt) { Seed = index, Image = images[index] })];

    private List<double> Scores(IReadOnlyList<RgbImage> images) =>
        [
            .. images
                .Zip(prompts)
                .Chunk(BatchSize)
                .SelectMany(batch =>
                    scorer.Score([.. batch.Select(static pair => pair.First)], [.. batch.Select(static pair => pair.Second)])
                ),
        ];

    private static List<RgbImage> Images(IEnumerable<AlignedItem> items) => [.. items.Select(static item => item.Image)];
}
