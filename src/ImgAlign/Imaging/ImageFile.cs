using System.Runtime.InteropServices;
using ImgAlign.Checkpoints;
using SkiaSharp;

namespace ImgAlign.Imaging;

/// <summary>
/// Image files as Pillow's <c>ImageOps.exif_transpose(Image.open(f)).convert("RGB")</c> reads them: turned as the EXIF orientation says, grey is
/// repeated, palettes are looked up, alpha is dropped and not blended, colour profiles are ignored. PNG, JPEG, WebP, BMP and GIF (the first frame).
/// Only 16-bit grey differs: Pillow clips it at 255, here the upper 8 bits are taken.
/// </summary>
public static class ImageFile
{
    /// <summary>Reads an image file, or all that a pipe gives.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">
    /// The file is missing or may not be read, is no image, is broken or cut off, or has more than 178,956,970 pixels (as Pillow, against
    /// decompression bombs). The size is checked before memory for the pixels is taken.
    /// </exception>
    public static RgbImage Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var file = Read(path);
        var uncovered = GifTransparency.IsGif(file) ? GifTransparency.Remove(file) : default((byte Red, byte Green, byte Blue)?);
        using var stream = new MemoryStream(file);
        using var codec = SKCodec.Create(stream, out var problem)
            ?? throw new ImgAlignException($"{path}: not an image that can be read ({problem}); give a PNG, JPEG, WebP, BMP or GIF file.");
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if ((long)width * height > Canvas.MaxPixels)
            throw new ImgAlignException($"{path}: {width}x{height} pixels are too many, at most {Canvas.MaxPixels} are read; scale the picture down first.");

        // Unpremultiplied: the colour below full transparency is kept. Without a colour space, values are taken as the file has them.
        var rgba = new byte[4 * width * height];
        var pin = GCHandle.Alloc(rgba, GCHandleType.Pinned);
        try
        {
            var result = codec.GetPixels(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul), pin.AddrOfPinnedObject());
            if (result != SKCodecResult.Success) throw new ImgAlignException($"{path}: the image is broken or cut off ({result}); copy or save it again.");
        }
        finally
        {
            pin.Free();
        }
        if (uncovered is { } colour) Fill(rgba, colour);
        return Upright(rgba, width, height, codec.EncodedFormat == SKEncodedImageFormat.Png ? PngOrientation.Read(file) : codec.EncodedOrigin);
    }

    /// <summary>Writes a PNG file, which replaces an older one only when it is complete.</summary>
    /// <param name="path">The file.</param>
    /// <param name="image">The image.</param>
    /// <exception cref="IOException">The file cannot be written; an older one is as it was.</exception>
    public static void SavePng(string path, RgbImage image)
    {
        var data = EncodePng(image);
        AtomicFile.Write(path, file => file.Write(data));
    }

    /// <summary>An image as the bytes of a PNG file.</summary>
    /// <param name="image">The image.</param>
    /// <exception cref="ImgAlignException">The image has more than 178,956,970 pixels.</exception>
    public static byte[] EncodePng(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        Canvas.RequireSize(image.Width, image.Height);
        var rgba = new byte[image.Pixels.Length / 3 * 4];
        for (var (from, to) = (0, 0); from < image.Pixels.Length; from += 3, to += 4)
        {
            image.Pixels.Slice(from, 3).CopyTo(rgba.AsSpan(to));
            rgba[to + 3] = byte.MaxValue;
        }
        using var picture = SKImage.FromPixelCopy(new SKImageInfo(image.Width, image.Height, SKColorType.Rgba8888, SKAlphaType.Opaque), rgba);
        using var data = picture.Encode(SKEncodedImageFormat.Png, 100);
        return data.ToArray();
    }

    private static byte[] Read(string path)
    {
        if (Directory.Exists(path)) throw new ImgAlignException($"{path} is a folder; give an image file.");
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new ImgAlignException($"{path}: the image file is missing.", exception);
        }
        catch (UnauthorizedAccessException exception)
        {
            throw new ImgAlignException($"{path}: the image file may not be read; change its permissions.", exception);
        }
        catch (IOException exception)
        {
            throw new ImgAlignException($"{path}: the image file cannot be read ({exception.Message}); copy it to another place.", exception);
        }
    }

    private static void Fill(Span<byte> rgba, (byte Red, byte Green, byte Blue) colour)
    {
        for (var i = 0; i < rgba.Length; i += 4)
        {
            if (rgba[i + 3] == 0) (rgba[i], rgba[i + 1], rgba[i + 2]) = colour;
        }
    }

    // The origins are named by where the first row and the first column are to be shown.
    private static RgbImage Upright(ReadOnlySpan<byte> rgba, int width, int height, SKEncodedOrigin origin)
    {
        var isTransposed = origin >= SKEncodedOrigin.LeftTop;
        var fromRight = origin is SKEncodedOrigin.TopRight or SKEncodedOrigin.BottomRight or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        var fromBottom = origin is SKEncodedOrigin.BottomRight or SKEncodedOrigin.BottomLeft or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom;
        var (shownWidth, shownHeight) = isTransposed ? (height, width) : (width, height);
        var rgb = new byte[3 * width * height];
        var to = 0;
        for (var y = 0; y < shownHeight; y++)
        {
            for (var x = 0; x < shownWidth; x++, to += 3)
            {
                var (column, row) = isTransposed ? (y, x) : (x, y);
                if (fromRight) column = width - 1 - column;
                if (fromBottom) row = height - 1 - row;
                rgba.Slice(4 * (row * width + column), 3).CopyTo(rgb.AsSpan(to));
            }
        }
        return new RgbImage(shownWidth, shownHeight, rgb);
    }
}
