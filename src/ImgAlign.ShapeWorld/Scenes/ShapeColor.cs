namespace ImgAlign.ShapeWorld.Scenes;

/// <summary>The colours of objects.</summary>
internal enum ShapeColor
{
    /// <summary>(215, 45, 40).</summary>
    Red,

    /// <summary>(45, 165, 65).</summary>
    Green,

    /// <summary>(45, 85, 215).</summary>
    Blue,

    /// <summary>(240, 200, 40).</summary>
    Yellow,

    /// <summary>(160, 60, 190).</summary>
    Purple,

    /// <summary>(35, 35, 35).</summary>
    Black,
}
