namespace ImgAlign.ShapeWorld.Scenes;

/// <summary>A scene with all that its description leaves open: places, sizes and shades. Draws by formulas: 32x32 pixels, a bright
/// background, soft edges.</summary>
internal sealed class PlacedScene
{
    /// <summary>Width and height of every picture in pixels.</summary>
    public const int Size = 32;

    private readonly Rgb background;
    private readonly PlacedObject[] objects;

    /// <summary>Places a scene's objects.</summary>
    /// <param name="scene">What the picture shows.</param>
    /// <param name="random">Where the rest comes from.</param>
    public PlacedScene(Scene scene, SceneRandom random)
    {
        ArgumentNullException.ThrowIfNull(scene);
        ArgumentNullException.ThrowIfNull(random);
        var grey = 0.82 + 0.16 * random.Uniform();
        background = new Rgb(grey, grey, grey).Jitter(random, 0.02);
        objects =
        [
            PlacedObject.Draw(scene.First, 8.5, scene.IsVertical, random),
            PlacedObject.Draw(scene.Second, 23.5, scene.IsVertical, random),
        ];
    }

    /// <summary>Draws the picture.</summary>
    public RgbImage Render()
    {
        var pixels = new byte[3 * Size * Size];
        for (var (y, i) = (0, 0); y < Size; y++)
        {
            for (var x = 0; x < Size; x++, i += 3)
            {
                var color = background;
                foreach (var item in objects)
                    color += (item.Color - color) * item.Coverage(x, y);
                (pixels[i], pixels[i + 1], pixels[i + 2]) = (ToByte(color.Red), ToByte(color.Green), ToByte(color.Blue));
            }
        }
        return new RgbImage(Size, Size, pixels);
    }

    /// <summary>What is in each patch of the picture, row by row: the object that covers most of it, or <see cref="SceneObject.Kinds"/> for
    /// background.</summary>
    /// <param name="patchSize">Width and height of a patch in pixels.</param>
    internal IEnumerable<int> LabelPatches(int patchSize)
    {
        const double least = 0.15; // of the patch
        for (var top = 0; top < Size; top += patchSize)
        {
            for (var left = 0; left < Size; left += patchSize)
            {
                var (largest, item) = objects.Select(item => (Part: Covered(item, left, top), item)).MaxBy(static found => found.Part);
                yield return largest >= least * patchSize * patchSize ? item.Object.Index : SceneObject.Kinds;
            }
        }

        double Covered(PlacedObject item, int left, int top) =>
            Enumerable.Range(0, patchSize * patchSize).Sum(i => item.Coverage(left + i % patchSize, top + i / patchSize));
    }

    private static byte ToByte(double value) => (byte)Math.Round(Math.Clamp(value, 0, 1) * 255);

    private readonly record struct PlacedObject(SceneObject Object, double X, double Y, double Radius, Rgb Color)
    {
        /// <summary>Draws an object's place around a centre on the axis of the relation.</summary>
        public static PlacedObject Draw(SceneObject item, double center, bool isVertical, SceneRandom random)
        {
            var along = center + random.Between(-1.5, 1.5);
            var across = 16 + random.Between(-4, 4);
            var radius = random.Between(4.3, 6.2);
            var color = Rgb.Of(item.Color).Jitter(random, 0.03);
            return isVertical ? new(item, across, along, radius, color) : new(item, along, across, radius, color);
        }

        public double Coverage(int column, int row) => ShapeGeometry.Coverage(Object.Shape, Radius, column + 0.5 - X, row + 0.5 - Y);
    }
}
