namespace ImgAlign.ShapeWorld.Scenes;

/// <summary>Draws scenes.</summary>
internal static class SceneRenderer
{
    /// <summary>Width and height of every picture in pixels.</summary>
    public const int Size = PlacedScene.Size;

    /// <summary>Draws a scene.</summary>
    /// <param name="scene">What to draw.</param>
    /// <param name="random">Where places, sizes and shades come from.</param>
    public static RgbImage Render(Scene scene, SceneRandom random) => new PlacedScene(scene, random).Render();
}
