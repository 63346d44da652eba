using ImgAlign.Alignment;
using ImgAlign.Detectors;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Scenes;
using ImgAlign.ShapeWorld.Training;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Evaluation;

/// <summary>
/// Measures the method on prompts that are new: the base model; more samples of it, of which the scorer takes the best, at the cost of as many rounds;
/// rounds, and rounds that the scorer may refuse; the ablations. All have the same noise; further samples have their own.
/// </summary>
public sealed class WorldEvaluation : IDisposable
{
    // Apart from all seeds of training and of the stages' measurements.
    private const long PromptSeed = 0x0E7A1;
    private const int CritiqueTokens = 40;

    private static readonly int[] OtherPasses = [1, 2];

    private readonly WorldFolder world;
    private readonly WorldFolder? ablations;
    private readonly EvaluationOptions options;
    private readonly DeviceRuntime runtime = new(new RuntimeOptions());
    private readonly WorldGenerator generator;
    private readonly WorldScorer scorer;
    private readonly List<Scene> scenes = [];
    private readonly List<string> prompts = [];

    /// <summary>Opens a trained world and draws the prompts.</summary>
    /// <param name="world">The world.</param>
    /// <param name="ablations">What was trained for the ablations; null: those are left out.</param>
    /// <param name="options">What is measured.</param>
    /// <exception cref="ImgAlignException">The world is not complete, or the ablations are not.</exception>
    public WorldEvaluation(WorldFolder world, WorldFolder? ablations, EvaluationOptions options)
    {
        ArgumentNullException.ThrowIfNull(world);
        ArgumentNullException.ThrowIfNull(options);
        (this.world, this.ablations, this.options) = (world, ablations, options);
        if (ablations is not null && AlignerVariant.Ablations.FirstOrDefault(variant => !File.Exists(variant.File(world, ablations))) is { } missing)
            throw new ImgAlignException($"{missing.File(world, ablations)} is not there; train the stage {missing.Name}, or measure without ablations.");
        generator = new WorldGenerator(world, withImagePrompt: true);
        scorer = new WorldScorer(runtime, world);
        for (var i = 0; i < options.Prompts; i++)
        {
            var random = new SceneRandom(PromptSeed + options.Seed, i);
            scenes.Add(Scene.Draw(random, heldOut: i % 2 == 1));
            prompts.Add(Captions.Write(scenes[i], random));
        }
    }

    /// <summary>Generates and judges. On the calling thread.</summary>
    /// <param name="progress">Is told the name of each way that is finished.</param>
    /// <param name="cancellationToken">Ends the measurement between two ways.</param>
    public EvaluationResult Run(IProgress<string>? progress = null, CancellationToken cancellationToken = default)
    {
        using var stack = SignalStack.Enlarge();
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var detector = AlignerVariant.Full.OpenDetector(runtime, world, world);
        using var aligner = new ImplicitAligner(runtime, world.Aligner);

        var samples = Enumerable.Range(0, 3).Select(number => Generate(firstSeed: (long)number * options.Prompts)).ToList();
        var first = Arm(EvaluationResult.Base, 1, samples[0]);
        var second = Arm(EvaluationResult.SecondSample, 1, samples[1]);
        var bestOfTwo = Arm(EvaluationResult.BestOfTwo, 2, Better(samples[0], samples[1]));
        var bestOfThree = Arm(EvaluationResult.BestOfThree, 3, Better(bestOfTwo.Images, samples[2]));

        var reading = Read(detector, first.Images);
        var round = Arm(EvaluationResult.Round, 2, Guided(RoundReading.Align(reading, aligner, options.Passes)));
        var gated = Arm(EvaluationResult.GatedRound, 2, Better(first.Images, round.Images));
        var twoRounds = Arm(EvaluationResult.TwoRounds, 3, Guided(RoundReading.Align(Read(detector, round.Images), aligner, options.Passes)));
        var twoGated = Arm(EvaluationResult.TwoGatedRounds, 3, Better(gated.Images, Guided(RoundReading.Align(Read(detector, gated.Images), aligner, options.Passes))));
        IReadOnlyList<EvaluationArm> method = [first, second, bestOfTwo, bestOfThree, round, gated, twoRounds, twoGated];

        List<EvaluationArm> passes = [.. OtherPasses.Where(count => count != options.Passes).Select(count => Arm(Count(count), 2, Guided(RoundReading.Align(reading, aligner, count))))];
        List<EvaluationArm> others = [];
        if (ablations is not null)
        {
            others.Add(Arm("the picture's own features, unaligned", 2, Guided(cat([.. reading.Select(static read => read.Features)]))));
            others.AddRange(AlignerVariant.Ablations.Select(variant => Arm(variant.Title, 2, Guided(Align(variant, ablations, first.Images, reading)))));
        }
        List<string> critiques = [.. prompts.Take(EvaluationReport.Shown).Select((prompt, index) => Critique(detector, first.Images[index], prompt, index))];
        return new EvaluationResult(options, prompts, scenes, method, others, passes, critiques);

        EvaluationArm Arm(string name, int generations, IReadOnlyList<RgbImage> images)
        {
            var arm = new EvaluationArm(name, generations, images, [.. scenes.Zip(images, static (scene, image) => SceneEvaluator.Judge(image, scene))]);
            progress?.Report(FormattableString.Invariant($"{name}: {arm.Right.Count(static right => right)} of {images.Count} right"));
            cancellationToken.ThrowIfCancellationRequested();
            return arm;
        }

        static string Count(int passes) => passes == 1 ? "1 pass of the aligner" : $"{passes} passes of the aligner";
    }

    /// <summary>Frees all networks.</summary>
    public void Dispose()
    {
        scorer.Dispose();
        generator.Dispose();
        runtime.Dispose();
    }

    private IReadOnlyList<RgbImage> Generate(long firstSeed, Tensor? imagePrompts = null) => generator.Generate(
        prompts, [.. Enumerable.Range(0, prompts.Count).Select(index => firstSeed + index)], SamplingOptions.Default with { Steps = options.Steps, Guidance = options.Guidance }, imagePrompts, options.Scale);

    // The second half of a round: the same noise, and an image prompt.
    private IReadOnlyList<RgbImage> Guided(Tensor imagePrompts) => Generate(firstSeed: 0, imagePrompts);

    private IReadOnlyList<RoundReading> Read(IMisalignmentDetector detector, IReadOnlyList<RgbImage> images, string? template = null) =>
        RoundReading.Read(detector, generator.ImagePrompt, prompts, images, template);

    private Tensor Align(AlignerVariant variant, WorldFolder ablations, IReadOnlyList<RgbImage> images, IReadOnlyList<RoundReading> readings)
    {
        using var aligner = new ImplicitAligner(runtime, variant.File(world, ablations));
        if (variant.Input == AlignerVariant.Full.Input) return RoundReading.Align(readings, aligner, options.Passes);
        using var detector = variant.OpenDetector(runtime, world, ablations);
        return RoundReading.Align(Read(detector, images, variant.Template), aligner, options.Passes);
    }

    // The scorer's choice; the first where it has none.
    private List<RgbImage> Better(IReadOnlyList<RgbImage> images, IReadOnlyList<RgbImage> others) =>
    [
        .. prompts.Select((prompt, index) => scorer.Score([images[index], others[index]], prompt) is [var score, var other] && other > score ? others[index] : images[index]),
    ];

    private static string Critique(IMisalignmentDetector detector, RgbImage image, string prompt, int index)
    {
        using var detection = detector.Detect(image, Questions.Ask(Questions.Draw(index), prompt), CritiqueTokens);
        return detection.Critique!;
    }
}
