using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Networks.Llava;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.Tokenizers;
using ImgAlign.Training;
using ImgAlign.Training.Detector;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>A LLaVA on the image prompt's encoder, which stays as it is: it learns to give the right answers to questions about pictures.</summary>
internal abstract class LlavaStage : StageTask
{
    private const int Measured = 100;
    private const int LongestAnswer = 40;  // tokens

    private readonly string output;
    private readonly LlavaModel network;
    private readonly LlamaTokenizer tokenizer;

    /// <summary>Makes the network with random weights.</summary>
    /// <param name="folder">The world's folder.</param>
    /// <param name="output">The folder of this LLaVA, which has its configuration.</param>
    /// <param name="seed">The seed of the weights.</param>
    protected LlavaStage(WorldFolder folder, string output, long seed) : base(folder)
    {
        this.output = output;
        network = new LlavaModel(LlavaConfig.Read(output), META);
        tokenizer = LlamaTokenizer.Load(output);
        NetworkFile.Read(network.VisionTower, folder.ImageEncoder, static (tower, file) => tower.Names(file));
        ParameterInitialization.Randomize(network.Projector, seed);
        ParameterInitialization.Randomize(network.LanguageModel, SeedSequence.At(seed, 0));
        Task = new InstructionTask(network, NamedParameters.Of(("multi_modal_projector.", network.Projector), ("language_model.", network.LanguageModel)), Endless, Read);
    }

    protected override ITrainingTask Task { get; }

    public override void Dispose()
    {
        base.Dispose();
        network.Dispose();
    }

    internal override void Save()
    {
        using var scope = NewDisposeScope();
        using var tower = Checkpoint.Open(Folder.ImageEncoder);
        // The whole tower, as published: the network leaves its last block out.
        var frozen = tower.Tensors.Keys.Where(static name => name.StartsWith("vision_model.", StringComparison.Ordinal)).Select(name => KeyValuePair.Create("vision_tower." + name, tower.Read(name)));
        NetworkFile.Write(Path.Combine(output, NetworkFile.Transformers), [.. frozen, .. Parameters.Select(static pair => KeyValuePair.Create(pair.Key, (Tensor)pair.Value))]);
    }

    /// <summary>What is asked about a sample's picture, and the right answer.</summary>
    protected abstract (string Question, string Answer) Ask(SceneSample sample);

    /// <summary>How often the answer is right to the letter.</summary>
    protected override IEnumerable<KeyValuePair<string, double>> Measure(bool heldOut)
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        using var detector = new LlavaDetector(runtime, new LlavaOptions { ModelPath = output, Template = WorldFolder.QuestionTemplate });
        var right = SceneSample.ToMeasure(Measured, heldOut).Count(sample =>
        {
            var (question, answer) = Ask(sample);
            using var detection = detector.Detect(sample.Image, question, LongestAnswer);
            return detection.Critique == answer;
        });
        return [new("right_answers", (double)right / Measured)];
    }

    private InstructionSample Read(SampleDraw draw)
    {
        var sample = SceneSample.Draw(draw.Seed);
        var (question, answer) = Ask(sample);
        int[] answerIds = [.. tokenizer.Encode(answer, addBos: false), LlamaTokenizerFiles.EndId];
        return new InstructionSample(
            [.. LlavaPrompt.Tokenize(tokenizer, ConversationTemplate.Plain.Render(question)), .. answerIds], answerIds.Length, PictureTensors.ForClip([sample.Image]));
    }
}
