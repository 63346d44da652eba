namespace ImgAlign;

/// <summary>The size of an image in pixels.</summary>
/// <param name="Width">Pixels from left to right.</param>
/// <param name="Height">Pixels from top to bottom.</param>
public readonly record struct ImageSize(int Width, int Height)
{
    /// <summary>The size as people write it: <c>1024x768</c>, width first.</summary>
    public override string ToString() => $"{Width}x{Height}";
}
