using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Networks.Layers;
using ImgAlign.Networks.Llava;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Scenes;
using ImgAlign.Tokenizers;
using ImgAlign.Training;
using ImgAlign.Training.Detector;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>
/// A LLaVA on the image prompt's encoder, which stays as it is: it learns to give the right answers to questions about pictures. A linear
/// layer, dropped later, has to tell from the last token of a question what it is about.
/// </summary>
internal abstract class LlavaStage : StageTask
{
    private const int Measured = 200;
    private const int LongestAnswer = 40; // tokens

    private readonly WorldFolder home;
    private readonly LlavaModel network;
    private readonly LlamaTokenizer tokenizer;
    private readonly CompactLinear head;

    /// <summary>Makes the network.</summary>
    /// <param name="context">Where what earlier stages left is.</param>
    /// <param name="home">The folder whose detector this LLaVA is; it has its configuration.</param>
    /// <param name="seed">The seed of the weights.</param>
    /// <param name="startsFrom">The folder whose detector it begins as. Null: it begins with random
    /// weights.</param>
    protected LlavaStage(StageContext context, WorldFolder home, long seed, WorldFolder? startsFrom = null)
        : base(context)
    {
        this.home = home;
        network = new LlavaModel(LlavaConfig.Read(home.Detector), META);
        tokenizer = LlamaTokenizer.Load(home.Detector);
        NetworkFile.Read(network.VisionTower, Folder.ImageEncoder, static (tower, file) => tower.Names(file));
        ParameterInitialization.Randomize(network.Projector, seed);
        ParameterInitialization.Randomize(network.LanguageModel, SeedSequence.At(seed, 0));
        Trained = NamedParameters.Of(("multi_modal_projector.", network.Projector), ("language_model.", network.LanguageModel));
        if (startsFrom is not null)
            CopyWeights(startsFrom);
        head = new CompactLinear(network.Config.Text.HiddenSize, SceneSlots.Sizes.Sum(), hasBias: true, META);
        ParameterInitialization.Randomize(head, SeedSequence.At(seed, 1));
        Task = new InstructionTask(network, Trained.Concat(NamedParameters.Of(("head.", head))).ToDictionary(), Endless, Read)
        {
            AuxiliaryLoss = ReadingLoss,
        };
    }

    protected override ITrainingTask Task { get; }

    public override void Dispose()
    {
        base.Dispose();
        network.Dispose();
        head.Dispose();
    }

    internal override void Save()
    {
        using var scope = NewDisposeScope();
        using var tower = Checkpoint.Open(Folder.ImageEncoder);
        // The whole tower, as published: the network leaves its last block out.
        var frozen = tower
            .Tensors.Keys.Where(static name => name.StartsWith("vision_model.", StringComparison.Ordinal))
            .Select(name => KeyValuePair.Create("vision_tower." + name, tower.Read(name)));
        NetworkFile.Write(
            Path.Combine(home.Detector, NetworkFile.Transformers),
            [.. frozen, .. Trained.Select(static pair => KeyValuePair.Create(pair.Key, (Tensor)pair.Value))]
        );
    }

    /// <summary>The weights that answer.</summary>
    protected IReadOnlyDictionary<string, Parameter> Trained { get; }

    /// <summary>What is asked about a sample.</summary>
    protected abstract Exchange Ask(SceneSample sample);

    /// <summary>How often the weights as they are saved give the right answer, to the letter.</summary>
    /// <param name="metric">The name of what is measured.</param>
    /// <param name="group">On which scenes.</param>
    /// <param name="ask">What is asked.</param>
    protected KeyValuePair<string, double> RightAnswers(string metric, SceneGroup group, Func<SceneSample, Exchange> ask)
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        using var detector = new LlavaDetector(runtime, home.DetectorOptions());
        var right = SceneSample
            .ToMeasure(Context.SamplesToMeasure(Measured), group)
            .Average(sample =>
            {
                var (question, answer, _) = ask(sample);
                using var detection = detector.Detect([new DetectionInput(sample.Image, question)], LongestAnswer)[0];
                return detection.Critique == answer ? 1.0 : 0;
            });
        return new(metric, right);
    }

    private void CopyWeights(WorldFolder from)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var file = Checkpoint.Open(from.Detector);
        foreach (var (name, parameter) in Trained)
            parameter.copy_(file.Read(name));
    }

    private InstructionSample Read(SampleDraw draw)
    {
        var sample = SceneSample.Draw(draw.Seed);
        var (question, answer, _) = Ask(sample);
        int[] answerIds = [.. tokenizer.Encode(answer, addBos: false), LlamaTokenizerFiles.EndId];
        return new InstructionSample(
            [.. LlavaPrompt.Tokenize(tokenizer, ConversationTemplate.Plain.Render(question)), .. answerIds],
            answerIds.Length,
            PictureTensors.ForClip([sample.Image])
        );
    }

    private Tensor ReadingLoss(Tensor questionEnds, IReadOnlyList<SampleDraw> draws)
    {
        var labels = draws.Select(draw => Ask(SceneSample.Draw(draw.Seed)).Labels);
        return SceneSlots.Loss(head, questionEnds, [.. labels]);
    }

    /// <summary>A question with its right answer.</summary>
    /// <param name="Question">The question.</param>
    /// <param name="Answer">The answer, to the letter.</param>
    /// <param name="Labels">What the question is about, by <see cref="SceneSlots"/>.</param>
    internal sealed record Exchange(string Question, string Answer, long[] Labels);
}
