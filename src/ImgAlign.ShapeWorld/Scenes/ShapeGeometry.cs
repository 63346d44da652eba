namespace ImgAlign.ShapeWorld.Scenes;

/// <summary>The shapes as signed distances: how far a point is outside, in pixels; y points down.</summary>
internal static class ShapeGeometry
{
    /// <summary>The signed distance of a point from a shape around the origin.</summary>
    /// <param name="shape">The shape.</param>
    /// <param name="radius">Its size r in pixels.</param>
    /// <param name="x">The point.</param>
    /// <param name="y">The point.</param>
    public static double Distance(ShapeKind shape, double radius, double x, double y) =>
        shape switch
        {
            ShapeKind.Circle => Math.Sqrt(x * x + y * y) - radius,
            ShapeKind.Square => Math.Max(Math.Abs(x), Math.Abs(y)) - 0.85 * radius,
            ShapeKind.Triangle => Math.Max((1.8 * Math.Abs(x) - (y + radius)) / Math.Sqrt(4.24), y - 0.8 * radius),
            ShapeKind.Cross => Math.Min(Box(x, y, radius, 0.36 * radius), Box(x, y, 0.36 * radius, radius)),
            _ => throw new ArgumentOutOfRangeException(nameof(shape)),
        };

    /// <summary>How much of a pixel a shape covers: 1 within, 0 outside, a linear edge of one pixel between.</summary>
    public static double Coverage(ShapeKind shape, double radius, double x, double y) =>
        Math.Clamp(0.5 - Distance(shape, radius, x, y), 0, 1);

    /// <summary>The area of a shape of size 1.</summary>
    public static double UnitArea(ShapeKind shape) =>
        shape switch
        {
            ShapeKind.Circle => Math.PI,
            ShapeKind.Square => 2.89,
            ShapeKind.Triangle => 1.8,
            ShapeKind.Cross => 2.3616,
            _ => throw new ArgumentOutOfRangeException(nameof(shape)),
        };

    /// <summary>How far the centroid of a shape of size 1 lies below its origin.</summary>
    public static double CentroidDrop(ShapeKind shape) => shape == ShapeKind.Triangle ? 0.2 : 0;

    private static double Box(double x, double y, double halfWidth, double halfHeight) =>
        Math.Max(Math.Abs(x) - halfWidth, Math.Abs(y) - halfHeight);
}
