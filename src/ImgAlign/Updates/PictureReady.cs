namespace ImgAlign;

/// <summary>An item's first picture: the one that a generation gives, or that the first round starts from.</summary>
/// <param name="item">The item's position in the request, from 0.</param>
/// <param name="image">The picture.</param>
public sealed class PictureReady(int item, RgbImage image) : RunUpdate
{
    /// <summary>The item's position in the request, from 0.</summary>
    public int Item { get; } = item;

    /// <summary>The picture.</summary>
    public RgbImage Image { get; } = image;
}
