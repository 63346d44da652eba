namespace ImgAlign.ShapeWorld.Scenes;

/// <summary>An object that was found in a picture.</summary>
/// <param name="Color">Its colour, or null when it is none of the world's.</param>
/// <param name="Shape">Its shape, or null when it is none of the world's.</param>
/// <param name="X">Its centroid in pixels from the left.</param>
/// <param name="Y">Its centroid in pixels from the top.</param>
internal readonly record struct SeenObject(ShapeColor? Color, ShapeKind? Shape, double X, double Y);
