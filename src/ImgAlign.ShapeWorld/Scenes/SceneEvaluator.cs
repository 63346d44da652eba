namespace ImgAlign.ShapeWorld.Scenes;

/// <summary>Says what a picture shows, by measuring it: no part of it is trained, so that it can judge what is.</summary>
internal static class SceneEvaluator
{
    private const double ObjectDistance = 0.27; // from the background, for a pixel to belong to an object
    private const double CoreDistance = 0.75; // of the object's greatest distance, for a pixel to tell its colour
    private const double PaletteDistance = 0.30; // beyond it, a colour is none of the world's
    private const int SmallestArea = 12; // pixels
    private const int MostObjects = 3;
    private const double ShapeOverlap = 0.72; // of measured and ideal coverage, at least
    private const double SmallestGap = 3; // pixels between centroids along the relation's axis

    /// <summary>Compares a picture with the scene that it should show.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="scene">The scene.</param>
    public static SceneJudgement Judge(RgbImage image, Scene scene)
    {
        ArgumentNullException.ThrowIfNull(scene);
        var seen = Look(image);
        // Any two of what is there, in either order; what is not there is nothing.
        List<SeenObject?> places = [.. seen.Select(static found => (SeenObject?)found), null, null];
        var judgements =
            from first in Enumerable.Range(0, places.Count)
            from second in Enumerable.Range(0, places.Count)
            where first != second
            select Compare(scene, places[first], places[second], seen.Count);
        return judgements.MaxBy(static judgement => judgement.Score);
    }

    /// <summary>Finds the objects of a picture, at most three, the largest first.</summary>
    /// <param name="image">The picture.</param>
    public static IReadOnlyList<SeenObject> Look(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var pixels = new Rgb[image.Width * image.Height];
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = Rgb.Of(image.Pixels[3 * i], image.Pixels[3 * i + 1], image.Pixels[3 * i + 2]);
        var background = Background(pixels, image.Size);
        var distances = Array.ConvertAll(pixels, pixel => pixel.DistanceTo(background));
        return
        [
            .. ConnectedAreas
                .Find(Array.ConvertAll(distances, static distance => distance > ObjectDistance), image.Width)
                .Where(static area => area.Count >= SmallestArea)
                .OrderByDescending(static area => area.Count)
                .Take(MostObjects)
                .Select(area => Measure(area, pixels, distances, background, image.Size)),
        ];
    }

    private static SceneJudgement Compare(Scene scene, SeenObject? first, SeenObject? second, int count) =>
        new(
            first?.Color == scene.First.Color,
            first?.Shape == scene.First.Shape,
            second?.Color == scene.Second.Color,
            second?.Shape == scene.Second.Shape,
            first is { } a && second is { } b && IsInOrder(a, b, scene.IsVertical),
            count == 2
        );

    private static bool IsInOrder(SeenObject first, SeenObject second, bool isVertical)
    {
        var (x, y) = (second.X - first.X, second.Y - first.Y);
        var (along, across) = isVertical ? (y, x) : (x, y);
        return along > SmallestGap && along >= Math.Abs(across);
    }

    // The median of the border's pixels, channel by channel.
    private static Rgb Background(Rgb[] pixels, ImageSize size)
    {
        var border = pixels
            .Where(
                (_, i) =>
                    i % size.Width is var x && i / size.Width is var y && (x == 0 || y == 0 || x == size.Width - 1 || y == size.Height - 1)
            )
            .ToList();
        return new Rgb(Median(static color => color.Red), Median(static color => color.Green), Median(static color => color.Blue));

        double Median(Func<Rgb, double> channel) => border.Select(channel).Order().ElementAt(border.Count / 2);
    }

    private static SeenObject Measure(IReadOnlyList<int> area, Rgb[] pixels, double[] distances, Rgb background, ImageSize size)
    {
        var limit = CoreDistance * area.Max(i => distances[i]);
        var core = area.Where(i => distances[i] >= limit).ToList();
        var color = core.Aggregate(default(Rgb), (sum, i) => sum + pixels[i]) * (1.0 / core.Count);

        // How much of each pixel the object covers: the pixel's place between the background's colour and the object's.
        var direction = color - background;
        var coverage = new double[pixels.Length];
        foreach (var i in ConnectedAreas.Grow(area, size))
            coverage[i] = Math.Clamp((pixels[i] - background).Dot(direction) / direction.Dot(direction), 0, 1);
        var total = coverage.Sum();
        var x = coverage.Select((part, i) => part * (i % size.Width + 0.5)).Sum() / total;
        var y = coverage.Select((part, i) => part * (i / size.Width + 0.5)).Sum() / total;

        var best = Enum.GetValues<ShapeKind>()
            .Select(shape => (Shape: shape, Overlap: Overlap(shape, coverage, total, x, y, size.Width)))
            .MaxBy(static found => found.Overlap);
        return new SeenObject(color.Nearest(PaletteDistance), best.Overlap > ShapeOverlap ? best.Shape : null, x, y);
    }

    // The common part of the measured and the ideal coverage, of the shape with the same area and centroid.
    private static double Overlap(ShapeKind shape, double[] coverage, double total, double x, double y, int width)
    {
        var radius = Math.Sqrt(total / ShapeGeometry.UnitArea(shape));
        var top = y - ShapeGeometry.CentroidDrop(shape) * radius;
        var (common, united) = (0.0, 0.0);
        for (var i = 0; i < coverage.Length; i++)
        {
            var ideal = ShapeGeometry.Coverage(shape, radius, i % width + 0.5 - x, i / width + 0.5 - top);
            common += Math.Min(ideal, coverage[i]);
            united += Math.Max(ideal, coverage[i]);
        }
        return common / united;
    }
}
