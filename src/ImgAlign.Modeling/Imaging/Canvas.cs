namespace ImgAlign.Imaging;

/// <summary>An image that is being put together from others: what cropping, padding and joining share.</summary>
public sealed class Canvas
{
    /// <summary>The most pixels that an image may have: Pillow's limit against decompression bombs.</summary>
    public const long MaxPixels = 178_956_970;

    private readonly int width;
    private readonly int height;
    private readonly byte[] pixels;

    /// <summary>Starts with one colour everywhere.</summary>
    /// <exception cref="ImgAlignException">The canvas would have more than <see cref="MaxPixels"/>.</exception>
    public Canvas(int width, int height, (byte Red, byte Green, byte Blue) background = default)
    {
        this.width = width;
        this.height = height;
        pixels = Allocate(width, height);
        if (background == default)
            return;
        for (var i = 0; i < pixels.Length; i += 3)
            (pixels[i], pixels[i + 1], pixels[i + 2]) = background;
    }

    /// <summary>Memory for an image's pixels.</summary>
    /// <exception cref="ImgAlignException">The image would have more than <see cref="MaxPixels"/>.</exception>
    public static byte[] Allocate(int width, int height)
    {
        RequireSize(width, height);
        return new byte[3 * width * height];
    }

    /// <summary>Refuses what is too large to be kept in one array.</summary>
    /// <exception cref="ImgAlignException">The image has more than <see cref="MaxPixels"/>.</exception>
    public static void RequireSize(int width, int height)
    {
        if ((long)width * height > MaxPixels)
            throw new ImgAlignException(
                $"An image of {width}x{height} pixels is too large: at most {MaxPixels} pixels are taken; scale or crop the picture first."
            );
    }

    /// <summary>A part of an image; what lies outside of it is black.</summary>
    public static RgbImage Crop(RgbImage image, int left, int top, int width, int height) =>
        (left, top, width, height) == (0, 0, image.Width, image.Height)
            ? image
            : new Canvas(width, height).Draw(image, -left, -top).ToImage();

    /// <summary>Draws an image; what falls outside is cut off.</summary>
    public Canvas Draw(RgbImage image, int left, int top)
    {
        var (from, to) = (Math.Max(left, 0), Math.Min(left + image.Width, width));
        if (from >= to)
            return this;
        for (var y = Math.Max(top, 0); y < Math.Min(top + image.Height, height); y++)
            image.Pixels.Slice(3 * ((y - top) * image.Width + from - left), 3 * (to - from)).CopyTo(pixels.AsSpan(3 * (y * width + from)));
        return this;
    }

    /// <summary>The result; the canvas is not to be drawn on any more.</summary>
    public RgbImage ToImage() => new(width, height, pixels);
}
