using System.Buffers.Binary;

namespace ImgAlign.Tests.Imaging;

/// <summary>Images made by program.</summary>
internal static class TestImages
{
    /// <summary>Every byte drawn at random.</summary>
    public static RgbImage Noise(int width, int height, int seed = 1)
    {
        var pixels = new byte[3 * width * height];
        new Random(seed).NextBytes(pixels);
        return new RgbImage(width, height, pixels);
    }

    /// <summary>One colour everywhere.</summary>
    public static RgbImage Plain(int width, int height, byte red, byte green, byte blue)
    {
        var pixels = new byte[3 * width * height];
        for (var i = 0; i < pixels.Length; i += 3)
            (pixels[i], pixels[i + 1], pixels[i + 2]) = (red, green, blue);
        return new RgbImage(width, height, pixels);
    }

    /// <summary>A chunk of a PNG file: length, type, data and checksum.</summary>
    public static byte[] PngChunk(ReadOnlySpan<byte> type, ReadOnlySpan<byte> data)
    {
        byte[] chunk = [0, 0, 0, 0, .. type, .. data, 0, 0, 0, 0];
        BinaryPrimitives.WriteInt32BigEndian(chunk, data.Length);
        BinaryPrimitives.WriteUInt32BigEndian(chunk.AsSpan(chunk.Length - 4), ImageFileTests.Crc32(chunk.AsSpan(4, data.Length + 4)));
        return chunk;
    }

    /// <summary>The colour of one pixel.</summary>
    public static (byte Red, byte Green, byte Blue) At(this RgbImage image, int x, int y)
    {
        var pixel = image.Pixels.Slice(3 * (y * image.Width + x), 3);
        return (pixel[0], pixel[1], pixel[2]);
    }
}
