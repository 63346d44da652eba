namespace ImgAlign;

/// <summary>
/// An 8-bit RGB image in managed memory: what passes between models, threads and files. Two images are equal if their sizes and pixels are.
/// </summary>
public sealed class RgbImage : IEquatable<RgbImage>
{
    private readonly byte[] pixels;

    /// <summary>Wraps pixels without copying them; the caller gives the array away.</summary>
    /// <param name="width">Pixels from left to right, at least 1.</param>
    /// <param name="height">Pixels from top to bottom, at least 1.</param>
    /// <param name="pixels">Rows from the top, each pixel as red, green, blue: exactly <c>height * width * 3</c> bytes.</param>
    /// <exception cref="ArgumentException">The size is not positive or does not fit the number of bytes.</exception>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (pixels.LongLength != 3L * width * height)
            throw new ArgumentException(
                $"An image of {width}x{height} needs {3L * width * height} bytes but {pixels.LongLength} were given.",
                nameof(pixels)
            );
        Width = width;
        Height = height;
        this.pixels = pixels;
    }

    /// <summary>Pixels from left to right.</summary>
    public int Width { get; }

    /// <summary>Pixels from top to bottom.</summary>
    public int Height { get; }

    /// <summary>Width and height.</summary>
    public ImageSize Size => new(Width, Height);

    /// <summary>Rows from the top, each pixel as red, green, blue; <c>Height * Width * 3</c> bytes.</summary>
    public ReadOnlySpan<byte> Pixels => pixels;

    /// <inheritdoc/>
    public bool Equals(RgbImage? other) => other is not null && Size == other.Size && pixels.AsSpan().SequenceEqual(other.pixels);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as RgbImage);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        hash.Add(Size);
        hash.AddBytes(pixels);
        return hash.ToHashCode();
    }
}
