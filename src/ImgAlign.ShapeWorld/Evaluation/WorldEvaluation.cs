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
/// Measures the method on prompts that are new: the base model, a second picture of it, the better of two by the scorer (which costs what a round
/// costs), a round, a round that the scorer may refuse, and two rounds. All have the same noise; the second picture has its own.
/// </summary>
public sealed class WorldEvaluation : IDisposable
{
    // Apart from all seeds of training and of the stages' measurements.
    private const long PromptSeed = 0x0E7A1;

    private readonly EvaluationOptions options;
    private readonly DeviceRuntime runtime = new(new RuntimeOptions());
    private readonly WorldGenerator generator;
    private readonly LlavaDetector detector;
    private readonly ImplicitAligner aligner;
    private readonly WorldScorer scorer;
    private readonly List<Scene> scenes = [];
    private readonly List<string> prompts = [];

    /// <summary>Opens a trained world and draws the prompts.</summary>
    /// <param name="folder">The world.</param>
    /// <param name="options">What is measured.</param>
    /// <exception cref="ImgAlignException">The world is not complete.</exception>
    public WorldEvaluation(WorldFolder folder, EvaluationOptions options)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(options);
        this.options = options;
        generator = new WorldGenerator(folder, withImagePrompt: true);
        detector = new LlavaDetector(runtime, folder.DetectorOptions());
        aligner = new ImplicitAligner(runtime, folder.Aligner);
        scorer = new WorldScorer(folder);
        for (var i = 0; i < options.Prompts; i++)
        {
            var random = new SceneRandom(PromptSeed + options.Seed, i);
            scenes.Add(Scene.Draw(random, heldOut: i % 2 == 1));
            prompts.Add(Captions.Write(scenes[i], random));
        }
    }

    /// <summary>The prompts.</summary>
    public IReadOnlyList<string> Prompts => prompts;

    /// <summary>Which of the prompts have pairs of objects that were never trained on.</summary>
    public IReadOnlyList<bool> HeldOut => [.. scenes.Select(static scene => scene.IsHeldOut)];

    /// <summary>Generates and judges. On the calling thread.</summary>
    /// <param name="progress">Is told the name of each way that is finished.</param>
    /// <param name="cancellationToken">Ends the measurement between two ways.</param>
    public IReadOnlyList<EvaluationArm> Run(IProgress<string>? progress = null, CancellationToken cancellationToken = default)
    {
        using var noGrad = no_grad();
        var first = Arm("base", 1, Generate(0));
        var second = Arm("second sample", 1, Generate(options.Prompts));
        var bestOfTwo = Arm("best of 2 by the scorer", 2, Better(first.Images, second.Images));
        var round = Arm("IMG", 2, Align(first.Images));
        var gated = Arm("IMG, gated by the scorer", 2, Better(first.Images, round.Images));
        var twoRounds = Arm("IMG, two rounds", 3, Align(round.Images));
        return [first, second, bestOfTwo, round, gated, twoRounds];

        EvaluationArm Arm(string name, int generations, IReadOnlyList<RgbImage> images)
        {
            progress?.Report(name);
            cancellationToken.ThrowIfCancellationRequested();
            return new EvaluationArm(name, generations, images, [.. scenes.Zip(images, static (scene, image) => SceneEvaluator.Judge(image, scene))]);
        }
    }

    /// <summary>The comparisons that matter: with the base model, and with the better of two, which costs as much.</summary>
    /// <param name="arms">What <see cref="Run"/> gave.</param>
    public static IReadOnlyList<PairedComparison> Compare(IReadOnlyList<EvaluationArm> arms)
    {
        ArgumentNullException.ThrowIfNull(arms);
        var (first, bestOfTwo) = (arms[0], arms[2]);
        return
        [
            .. arms.Skip(1).Select(arm => PairedComparison.Of(arm.Name, arm.Right, first.Name, first.Right)),
            .. arms.Skip(3).Select(arm => PairedComparison.Of(arm.Name, arm.Right, bestOfTwo.Name, bestOfTwo.Right)),
        ];
    }

    /// <summary>Frees all networks.</summary>
    public void Dispose()
    {
        scorer.Dispose();
        aligner.Dispose();
        detector.Dispose();
        generator.Dispose();
        runtime.Dispose();
    }

    private IReadOnlyList<RgbImage> Generate(long firstSeed, Tensor? imagePrompts = null) => generator.Generate(
        prompts, [.. Enumerable.Range(0, prompts.Count).Select(index => firstSeed + index)], new SamplingOptions(options.Steps, options.Guidance), imagePrompts, options.Scale);

    // One round of the method (IMG, section 3): read picture and prompt, align the picture's features, generate again with the same noise.
    private IReadOnlyList<RgbImage> Align(IReadOnlyList<RgbImage> images)
    {
        using var scope = NewDisposeScope();
        var aligned = cat([.. images.Select((image, index) =>
        {
            using var detection = detector.Detect(image, Questions.Ask(Questions.Draw(index), prompts[index]));
            using var features = generator.ImagePrompt.Encode([image]);
            return aligner.Align(detection.HiddenStates, features);
        })]);
        return Generate(0, aligned);
    }

    // The scorer's choice; the first where it has none.
    private List<RgbImage> Better(IReadOnlyList<RgbImage> images, IReadOnlyList<RgbImage> others) =>
    [
        .. prompts.Select((prompt, index) => scorer.Score([images[index], others[index]], prompt) is [var score, var other] && other > score ? others[index] : images[index]),
    ];
}
