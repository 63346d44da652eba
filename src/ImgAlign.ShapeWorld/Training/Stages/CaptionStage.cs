using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>
/// A LLaVA that says in one fixed form what a picture shows, or what a sentence says. It stands for one as published: it sees and it reads,
/// but it was never asked how to change a picture. Reading has to be learned by itself: from answers alone, which object is where is hardly
/// learned.
/// </summary>
internal sealed class CaptionStage(WorldFolder folder, WorldFolder ablations, long seed) : LlavaStage(folder, ablations, seed, reads: true)
{
    protected override Exchange Ask(SceneSample sample)
    {
        var random = sample.Random;
        if (random.Below(2) == 0)
            return new("Describe the image.", Captions.WriteCanonical(sample.Scene), sample.Scene, null);
        // The picture is of no use here.
        var other = Scene.Draw(random, sample.Scene.IsHeldOut);
        var sentence = Captions.Write(other, random);
        return new($"Describe the prompt: {sentence}.", Captions.WriteCanonical(other), other, sentence);
    }
}
