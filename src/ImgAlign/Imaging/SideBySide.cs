namespace ImgAlign.Imaging;

/// <summary>Puts images next to each other, so that before and after are seen at one glance.</summary>
public static class SideBySide
{
    // Below this, a picture is too small to be looked at on a screen.
    private const int VisibleSide = 256;

    /// <summary>Enlarges a small image by a whole number, each pixel to a square, as far as its longer side stays within 256 pixels; others
    /// stay as they are.</summary>
    /// <param name="image">The image.</param>
    public static RgbImage Enlarge(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var factor = Math.Max(1, VisibleSide / Math.Max(image.Width, image.Height));
        return PillowResize.Resize(image, factor * image.Width, factor * image.Height, ResampleFilter.Nearest);
    }

    /// <summary>Joins images from left to right on white, with a thin gap, their tops in line.</summary>
    /// <param name="images">At least one image; the sizes may differ.</param>
    public static RgbImage Join(params IReadOnlyList<RgbImage> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfZero(images.Count, nameof(images));
        const int gap = 8;
        const byte white = byte.MaxValue;
        var canvas = new Canvas(
            images.Sum(image => image.Width) + gap * (images.Count - 1),
            images.Max(image => image.Height),
            (white, white, white)
        );
        var left = 0;
        foreach (var image in images)
        {
            canvas.Draw(image, left, 0);
            left += image.Width + gap;
        }
        return canvas.ToImage();
    }
}
