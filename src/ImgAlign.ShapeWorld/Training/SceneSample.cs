using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>A scene that is trained or measured on, with the stream that everything else about it is drawn from.</summary>
/// <param name="Scene">What it shows.</param>
/// <param name="Placed">Where its objects are.</param>
/// <param name="Random">The rest of its stream.</param>
internal sealed record SceneSample(Scene Scene, PlacedScene Placed, SceneRandom Random)
{
    // Apart from all seeds of training, which count from the run's seed.
    private const long MeasurementSeed = 0x57A7E0F7;

    private RgbImage? image;

    /// <summary>Its picture, drawn when it is first asked for.</summary>
    public RgbImage Image => image ??= Placed.Render();

    /// <summary>The sample of a seed, of the scenes that may be trained on.</summary>
    public static SceneSample Draw(long seed) => Draw(new SceneRandom(seed, 0), SceneGroup.Trained);

    /// <summary>Samples to measure on, the same in every run and in no training set.</summary>
    /// <param name="count">How many.</param>
    /// <param name="group">Of which scenes.</param>
    public static IReadOnlyList<SceneSample> ToMeasure(int count, SceneGroup group) =>
        [.. Enumerable.Range(0, count).Select(i => Draw(new SceneRandom(MeasurementSeed + (long)group, i), group))];

    private static SceneSample Draw(SceneRandom random, SceneGroup group)
    {
        var scene = Scene.Draw(random, group);
        return new SceneSample(scene, new PlacedScene(scene, random), random);
    }
}
