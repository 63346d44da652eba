namespace ImgAlign.ShapeWorld.Scenes;

/// <summary>One object of a scene.</summary>
/// <param name="Color">Its colour.</param>
/// <param name="Shape">Its shape.</param>
internal readonly record struct SceneObject(ShapeColor Color, ShapeKind Shape)
{
    /// <summary>The number of colours.</summary>
    public const int Colors = 6;

    /// <summary>The number of shapes.</summary>
    public const int Shapes = 4;

    /// <summary>The number of different objects.</summary>
    public const int Kinds = Colors * Shapes;

    /// <summary>A number from 0 for each kind of object.</summary>
    public int Index => (int)Color * Shapes + (int)Shape;

    /// <summary>The object of a number.</summary>
    /// <param name="index">See <see cref="Index"/>.</param>
    public static SceneObject Of(int index) => new((ShapeColor)(index / Shapes), (ShapeKind)(index % Shapes));

    /// <summary>As captions say it, such as <c>red circle</c>.</summary>
    public override string ToString() => $"{Color} {Shape}".ToLowerInvariant();
}
