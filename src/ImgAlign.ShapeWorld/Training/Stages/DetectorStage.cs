using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Models;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>The detector: the LLaVA that describes pictures, tuned to say how they have to change to show what a prompt says (IMG, section
/// 3.2).</summary>
internal sealed class DetectorStage : LlavaStage
{
    private const double AgreementPart = 0.2; // pictures that show what their prompts say
    private const double SecondChangePart = 0.35;

    public DetectorStage(WorldFolder folder, WorldFolder ablations, long seed)
        : base(folder, folder, seed, reads: false)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var describing = Checkpoint.Open(ablations.Detector);
        foreach (var (name, parameter) in Trained)
            parameter.copy_(describing.Read(name));
    }

    protected override Exchange Ask(SceneSample sample)
    {
        var random = sample.Random;
        var wanted = sample.Scene;
        if (random.Uniform() >= AgreementPart)
        {
            wanted = CaptionNoise.Change(wanted, random);
            wanted = CaptionNoise.Perhaps(wanted, SecondChangePart, random);
        }
        var template = random.Choose(Questions.Templates);
        var prompt = Captions.Write(wanted, random);
        return new(Questions.Ask(template, prompt), EditInstructions.Write(sample.Scene, wanted), wanted, prompt);
    }
}
