using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Training;

/// <summary>A scene that is trained or measured on, with the stream that everything else about it is drawn from.</summary>
/// <param name="Scene">What it shows.</param>
/// <param name="Placed">Where its objects are.</param>
/// <param name="Image">Its picture.</param>
/// <param name="Random">The rest of its stream.</param>
internal sealed record SceneSample(Scene Scene, PlacedScene Placed, RgbImage Image, SceneRandom Random)
{
    // Apart from all seeds of training, which count from the run's seed.
    private const long MeasurementSeed = 0x57A7E0F7;

    /// <summary>The sample of a seed, of the pairs of objects that may be trained on.</summary>
    public static SceneSample Draw(long seed) => Draw(new SceneRandom(seed, 0), heldOut: false);

    /// <summary>Samples to measure on, the same in every run and in no training set.</summary>
    /// <param name="count">How many.</param>
    /// <param name="heldOut">Whether of the pairs of objects that are never trained on, or of the others.</param>
    public static IReadOnlyList<SceneSample> ToMeasure(int count, bool heldOut) =>
        [.. Enumerable.Range(0, count).Select(i => Draw(new SceneRandom(MeasurementSeed + (heldOut ? 1 : 0), i), heldOut))];

    private static SceneSample Draw(SceneRandom random, bool heldOut)
    {
        var scene = Scene.Draw(random, heldOut);
        var placed = new PlacedScene(scene, random);
        return new SceneSample(scene, placed, placed.Render(), random);
    }
}
