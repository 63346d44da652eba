namespace ImgAlign.Imaging;

/// <summary>Which pass of <see cref="PillowResize"/> comes first. Each rounds to 8 bits, so that pixels depend on it.</summary>
public enum ResizeOrder
{
    /// <summary>The horizontal pass: Pillow up to 12.</summary>
    HorizontalFirst,

    /// <summary>The vertical pass where the height shrinks more than the width: Pillow from 13 on.</summary>
    StrongerFirst,
}
