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

/// <summary>
/// The detector: a LLaVA on the image prompt's encoder, first on captions, so that it sees, then on how pictures have to change to show what a prompt
/// says (IMG, section 3.2).
/// </summary>
internal sealed class DetectorStage : StageTask
{
    private const int CaptionSamples = 8000;
    private const int Measured = 100;
    private const double AgreementPart = 0.2;     // pictures that show what their prompts say
    private const double SecondChangePart = 0.35;

    private readonly LlavaModel network;
    private readonly LlamaTokenizer tokenizer;

    public DetectorStage(WorldFolder folder, long seed) : base(folder)
    {
        network = new LlavaModel(LlavaConfig.Read(folder.Detector), META);
        tokenizer = LlamaTokenizer.Load(folder.Detector);
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
        NetworkFile.Write(Path.Combine(Folder.Detector, NetworkFile.Transformers), [.. frozen, .. Parameters.Select(static pair => KeyValuePair.Create(pair.Key, (Tensor)pair.Value))]);
    }

    /// <summary>How often the answer is the right instruction, to the letter.</summary>
    protected override IEnumerable<KeyValuePair<string, double>> Measure(bool heldOut)
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        using var detector = new LlavaDetector(runtime, Folder.DetectorOptions());
        var right = SceneSample.ToMeasure(Measured, heldOut).Count(sample =>
        {
            var (question, answer) = Edit(sample);
            using var detection = detector.Detect(sample.Image, question, critiqueTokens: 40);
            return detection.Critique == answer;
        });
        return [new("instructions", (double)right / Measured)];
    }

    private InstructionSample Read(SampleDraw draw)
    {
        var sample = SceneSample.Draw(draw.Seed);
        var (question, answer) = draw.Position < CaptionSamples ? ("Describe the image.", Captions.WriteCanonical(sample.Scene)) : Edit(sample);
        int[] answerIds = [.. tokenizer.Encode(answer, addBos: false), LlamaTokenizerFiles.EndId];
        return new InstructionSample(
            [.. LlavaPrompt.Tokenize(tokenizer, ConversationTemplate.Plain.Render(question)), .. answerIds], answerIds.Length, PictureTensors.ForClip([sample.Image]));
    }

    private static (string Question, string Answer) Edit(SceneSample sample)
    {
        var random = sample.Random;
        var wanted = sample.Scene;
        if (random.Uniform() >= AgreementPart)
        {
            wanted = CaptionNoise.Change(wanted, random);
            wanted = CaptionNoise.Perhaps(wanted, SecondChangePart, random);
        }
        return (Questions.Ask(random.Choose(Questions.Templates), Captions.Write(wanted, random)), EditInstructions.Write(sample.Scene, wanted));
    }
}
