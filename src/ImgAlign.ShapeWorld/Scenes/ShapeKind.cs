namespace ImgAlign.ShapeWorld.Scenes;

/// <summary>The shapes of objects.</summary>
internal enum ShapeKind
{
    /// <summary>A disc.</summary>
    Circle,

    /// <summary>A square on its side.</summary>
    Square,

    /// <summary>A triangle that points up.</summary>
    Triangle,

    /// <summary>A plus sign.</summary>
    Cross,
}
