using System.Runtime.InteropServices;
using ImgAlign.Checkpoints;
using SkiaSharp;

namespace ImgAlign.Imaging;

/// <summary>
/// Image files as Pillow's <c>Image.open(f).convert("RGB")</c> reads them: grey is repeated, palettes are looked up, alpha is dropped and
/// not blended, colour profiles and the EXIF orientation are ignored. PNG, JPEG, WebP, BMP and GIF (the first frame).
/// Only 16-bit grey differs: Pillow clips it at 255, here the upper 8 bits are taken.
/// </summary>
public static class ImageFile
{
    /// <summary>Reads an image file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">
    /// The file is missing, is no image, is broken or cut off, or has more than 178,956,970 pixels (as Pillow, against decompression bombs).
    /// The size is checked before memory is taken.
    /// </exception>
    public static RgbImage Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!File.Exists(path)) throw new ImgAlignException($"{path}: the image file is missing.");
        using var codec = SKCodec.Create(path, out var problem)
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
        return new RgbImage(width, height, WithoutAlpha(rgba));
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
    public static byte[] EncodePng(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
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

    private static byte[] WithoutAlpha(byte[] rgba)
    {
        var rgb = new byte[rgba.Length / 4 * 3];
        for (var (from, to) = (0, 0); to < rgb.Length; from += 4, to += 3) rgba.AsSpan(from, 3).CopyTo(rgb.AsSpan(to));
        return rgb;
    }
}
