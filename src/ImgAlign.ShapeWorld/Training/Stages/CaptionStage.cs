using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Models;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>A LLaVA that describes pictures. It stands for one as published: it sees, but was never asked how to change a picture.</summary>
internal sealed class CaptionStage(WorldFolder folder, WorldFolder ablations, long seed) : LlavaStage(folder, ablations.Detector, seed)
{
    protected override (string Question, string Answer) Ask(SceneSample sample) => ("Describe the image.", Captions.WriteCanonical(sample.Scene));
}
