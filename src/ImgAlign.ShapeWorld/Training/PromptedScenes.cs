using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Scenes;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>Prompts whose scenes are known, to measure a generator on.</summary>
/// <param name="Prompts">What is asked for.</param>
/// <param name="Scenes">What it describes.</param>
/// <param name="Images">A true picture of each.</param>
internal sealed record PromptedScenes(IReadOnlyList<string> Prompts, IReadOnlyList<Scene> Scenes, IReadOnlyList<RgbImage> Images)
{
    private const int Measured = 128;

    /// <summary>Those that stages are measured on.</summary>
    /// <param name="heldOut">Whether of pairs of objects that are never trained on.</param>
    public static PromptedScenes ToMeasure(bool heldOut)
    {
        var samples = SceneSample.ToMeasure(Measured, heldOut);
        return new([.. samples.Select(static sample => Captions.Write(sample.Scene, sample.Random))], [.. samples.Select(static sample => sample.Scene)], [.. samples.Select(static sample => sample.Image)]);
    }

    /// <summary>Generates a picture for each prompt, with the prompt's place as the seed.</summary>
    public IReadOnlyList<RgbImage> Generate(WorldGenerator generator, SamplingOptions options, Tensor? imagePrompts = null, double scale = 0) =>
        generator.Generate(Prompts, [.. Enumerable.Range(0, Prompts.Count).Select(static seed => (long)seed)], options, imagePrompts, scale);

    /// <summary>Judges a picture for each prompt.</summary>
    public Judgements Judge(IReadOnlyList<RgbImage> images) => new([.. Scenes.Zip(images, static (scene, image) => SceneEvaluator.Judge(image, scene))]);
}
