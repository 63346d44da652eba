using ImgAlign.Sampling;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>Prompts whose scenes are known, to measure a generator on.</summary>
/// <param name="Prompts">What is asked for.</param>
/// <param name="Scenes">What it describes.</param>
/// <param name="Images">A true picture of each.</param>
internal sealed record PromptedScenes(IReadOnlyList<string> Prompts, IReadOnlyList<Scene> Scenes, IReadOnlyList<RgbImage> Images)
{
    private const long NoiseSeed = 0x5EED; // other noise than that of evaluations, whose seeds count from 0

    /// <summary>Those that stages are measured on.</summary>
    /// <param name="count">How many.</param>
    /// <param name="group">Of which scenes.</param>
    public static PromptedScenes ToMeasure(int count, SceneGroup group)
    {
        var samples = SceneSample.ToMeasure(count, group);
        return new(
            [.. samples.Select(static sample => Captions.Write(sample.Scene, sample.Random))],
            [.. samples.Select(static sample => sample.Scene)],
            [.. samples.Select(static sample => sample.Image)]
        );
    }

    /// <summary>A request for a picture of each prompt.</summary>
    /// <param name="images">A picture for each prompt: for a generation its image prompt; null for none.</param>
    public IEnumerable<AlignmentItem> ToItems(IReadOnlyList<RgbImage>? images = null) =>
        Prompts.Select(
            (prompt, index) => new AlignmentItem(prompt) { Seed = SeedSequence.OtherNoise(NoiseSeed, index), Image = images?[index] }
        );

    /// <summary>Judges a picture for each prompt.</summary>
    public Judgements Judge(IReadOnlyList<RgbImage> images) =>
        new([.. Scenes.Zip(images, static (scene, image) => SceneEvaluator.Judge(image, scene))]);
}
