using System.Diagnostics.CodeAnalysis;
using ImgAlign.Checkpoints;
using ImgAlign.Runtime;
using SkiaSharp;
using TorchSharp;

namespace ImgAlign.Imaging;

/// <summary>
/// Image files as Pillow's <c>ImageOps.exif_transpose(Image.open(f)).convert("RGB")</c> reads them: turned as the EXIF orientation says,
/// grey is repeated, palettes are looked up, alpha is dropped and not blended, colour profiles are ignored. PNG, JPEG, WebP, BMP and GIF
/// (the first frame). Only 16-bit grey differs: Pillow clips it at 255, here the upper 8 bits are taken.
/// </summary>
public static class ImageFile
{
    private const string PngMediaType = "image/png";

    private static readonly Dictionary<string, SKEncodedImageFormat> Formats = new(StringComparer.OrdinalIgnoreCase)
    {
        [PngMediaType] = SKEncodedImageFormat.Png,
        ["image/jpeg"] = SKEncodedImageFormat.Jpeg,
        ["image/webp"] = SKEncodedImageFormat.Webp,
    };

    /// <summary>Reads an image file, or all that a pipe gives.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException"> The file is missing or may not be read, is no image, is broken or cut off, has more than
    /// 178,956,970 pixels (as Pillow, against decompression bombs), or needs more memory than is free. The size is checked before memory
    /// for the pixels is taken.
    /// </exception>
    public static RgbImage Load(string path) => LoadStored(path).Colours;

    /// <summary>The same with what the file says beyond red, green and blue.</summary>
    /// <inheritdoc cref="Load" path="/param|/exception"/>
    [Experimental("IMGALIGN001")]
    public static StoredImage LoadStored(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return DecodeStored(Read(path), path);
    }

    /// <summary>Reads the bytes of an image file.</summary>
    /// <param name="data">The file's bytes.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="ImgAlignException">As for <see cref="Load"/>.</exception>
    public static RgbImage Decode(ReadOnlyMemory<byte> data, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return DecodeStored(data.ToArray(), name).Colours;
    }

    private static StoredImage DecodeStored(byte[] file, string name)
    {
        var mode = StoredMode.Of(file);
        var uncovered = GifTransparency.IsGif(file) ? GifTransparency.Remove(file) : default((byte Red, byte Green, byte Blue)?);
        using var codec = Open(file, name);
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        RequireMemory(name, width, height, DeviceMemory.Query(torch.CPU)?.FreeBytes);

        using var rgba = Rgba(width, height, SKAlphaType.Unpremul); // the colour below full transparency is kept
        var result = codec.GetPixels(rgba.Info, rgba.GetPixels());
        if (result != SKCodecResult.Success)
            throw new ImgAlignException($"{name}: the image is broken or cut off ({result}); copy or save it again.");
        if (uncovered is { } colour)
            Fill(rgba.GetPixelSpan(), colour);
        var origin = codec.EncodedFormat == SKEncodedImageFormat.Png ? PngOrientation.Read(file) : codec.EncodedOrigin;
        var opacity = mode.HasAlpha && codec.Info.AlphaType != SKAlphaType.Opaque ? Upright([3, 3, 3]) : null;
        return new StoredImage(Upright([0, 1, 2]), opacity, mode.IsIndexed);

        RgbImage Upright(int[] channels) => ImageFile.Upright(rgba.GetPixelSpan(), channels, width, height, origin);
    }

    /// <summary>The size that an image file says it has, before it is turned upright; nothing is decoded.</summary>
    /// <param name="data">The file's bytes.</param>
    /// <param name="name">What messages call it.</param>
    /// <exception cref="ImgAlignException">It is no image, or has more than 178,956,970 pixels.</exception>
    public static ImageSize ReadSize(ReadOnlyMemory<byte> data, string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        using var codec = Open(data.ToArray(), name);
        return new ImageSize(codec.Info.Width, codec.Info.Height);
    }

    /// <summary>Writes a PNG file, which replaces an older one only when it is complete.</summary>
    /// <param name="path">The file.</param>
    /// <param name="image">The image.</param>
    /// <param name="texts">Texts that the file holds, by their keywords; null: none.</param>
    /// <exception cref="IOException">The file cannot be written; an older one is as it was.</exception>
    public static void SavePng(string path, RgbImage image, IReadOnlyDictionary<string, string>? texts = null)
    {
        var data = EncodePng(image, texts);
        AtomicFile.Write(path, file => file.Write(data));
    }

    /// <summary>An image as the bytes of a PNG file.</summary>
    /// <param name="image">The image.</param>
    /// <param name="texts">Texts that the file holds, by their keywords (1 to 79 printable ASCII characters); null: none.</param>
    /// <exception cref="ImgAlignException">The image has more than 178,956,970 pixels.</exception>
    public static byte[] EncodePng(RgbImage image, IReadOnlyDictionary<string, string>? texts = null) =>
        texts is null ? Encode(image, PngMediaType) : PngTexts.Insert(Encode(image, PngMediaType), texts);

    /// <summary>An image as the bytes of a file.</summary>
    /// <param name="image">The image.</param>
    /// <param name="mediaType"><c>image/png</c>, <c>image/jpeg</c> or <c>image/webp</c>.</param>
    /// <param name="quality">How much JPEG and WebP keep, 0 to 100.</param>
    /// <exception cref="InvalidRequestException">The media type is another one.</exception>
    /// <exception cref="ImgAlignException">The image has more than 178,956,970 pixels.</exception>
    public static byte[] Encode(RgbImage image, string mediaType, int quality = 90)
    {
        ArgumentNullException.ThrowIfNull(mediaType);
        ArgumentOutOfRangeException.ThrowIfNegative(quality);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        if (!Formats.TryGetValue(mediaType, out var format))
            throw new InvalidRequestException(
                $"'{mediaType}' is no format that pictures are written in; {string.Join(", ", Formats.Keys)} are.",
                nameof(mediaType)
            );
        ArgumentNullException.ThrowIfNull(image);
        using var rgba = ToBitmap(image);
        using var data = rgba.Encode(format, quality);
        return data.ToArray();
    }

    /// <summary>An image in Skia's memory; disposed by the caller.</summary>
    /// <exception cref="ImgAlignException">The image has more than 178,956,970 pixels.</exception>
    internal static SKBitmap ToBitmap(RgbImage image)
    {
        Canvas.RequireSize(image.Width, image.Height);
        var rgba = Rgba(image.Width, image.Height, SKAlphaType.Opaque);
        var bytes = rgba.GetPixelSpan();
        for (var (from, to) = (0, 0); from < image.Pixels.Length; from += 3, to += 4)
        {
            image.Pixels.Slice(from, 3).CopyTo(bytes[to..]);
            bytes[to + 3] = byte.MaxValue;
        }
        rgba.SetImmutable(); // or it would be copied
        return rgba;
    }

    /// <summary>What was drawn in Skia's memory, in RGBA.</summary>
    internal static RgbImage FromBitmap(SKBitmap rgba) =>
        Upright(rgba.GetPixelSpan(), [0, 1, 2], rgba.Width, rgba.Height, SKEncodedOrigin.TopLeft);

    // Without a colour space, values are taken as the file has them. The memory is not the garbage collector's, so that it is gone as soon
    // as it is not needed: that of a large picture is hundreds of megabytes.
    private static SKBitmap Rgba(int width, int height, SKAlphaType alpha) =>
        new(new SKImageInfo(width, height, SKColorType.Rgba8888, alpha));

    /// <summary>Refuses a picture for which there is not enough memory, before any is taken.</summary>
    /// <param name="path">The file.</param>
    /// <param name="width">The picture's width.</param>
    /// <param name="height">The picture's height.</param>
    /// <param name="freeBytes">What is free, or null if that is not known.</param>
    /// <exception cref="ImgAlignException">There is not enough.</exception>
    internal static void RequireMemory(string path, int width, int height, long? freeBytes)
    {
        // Of each pixel three bytes are kept; decoding takes four more, and so does encoding, of the picture beside another one, which is
        // three.
        const int BytesPerPixel = 10;
        var needed = (long)width * height * BytesPerPixel;
        if (needed <= (freeBytes ?? long.MaxValue))
            return;
        throw new ImgAlignException(
            $"{path}: {width}x{height} pixels need {MemoryEstimate.Text(needed)} of memory, and "
                + $"{MemoryEstimate.Text(freeBytes!.Value)} are free; "
                + "scale the picture down first."
        );
    }

    // Reads no more than the header.
    private static SKCodec Open(byte[] file, string name)
    {
        var codec =
            SKCodec.Create(new MemoryStream(file), out var problem)
            ?? throw new ImgAlignException($"{name}: not an image that can be read ({problem}); give a PNG, JPEG, WebP, BMP or GIF file.");
        var (width, height) = (codec.Info.Width, codec.Info.Height);
        if ((long)width * height <= Canvas.MaxPixels)
            return codec;
        codec.Dispose();
        throw new ImgAlignException(
            $"{name}: {width}x{height} pixels are too many, at most {Canvas.MaxPixels} are read; scale the picture down first."
        );
    }

    private static byte[] Read(string path)
    {
        if (Directory.Exists(path))
            throw new ImgAlignException($"{path} is a folder; give an image file.");
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
            throw new ImgAlignException(
                $"{path}: the image file cannot be read ({exception.Message}); copy it to another place.",
                exception
            );
        }
    }

    private static void Fill(Span<byte> rgba, (byte Red, byte Green, byte Blue) colour)
    {
        for (var i = 0; i < rgba.Length; i += 4)
        {
            if (rgba[i + 3] == 0)
                (rgba[i], rgba[i + 1], rgba[i + 2]) = colour;
        }
    }

    // The origins are named by where the first row and the first column are to be shown.
    private static RgbImage Upright(ReadOnlySpan<byte> rgba, int[] channels, int width, int height, SKEncodedOrigin origin)
    {
        var isTransposed = origin >= SKEncodedOrigin.LeftTop;
        var fromRight =
            origin is SKEncodedOrigin.TopRight or SKEncodedOrigin.BottomRight or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        var fromBottom =
            origin is SKEncodedOrigin.BottomRight or SKEncodedOrigin.BottomLeft or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom;
        var (shownWidth, shownHeight) = isTransposed ? (height, width) : (width, height);
        var rgb = new byte[3 * width * height];
        var to = 0;
        for (var y = 0; y < shownHeight; y++)
        {
            for (var x = 0; x < shownWidth; x++, to += 3)
            {
                var (column, row) = isTransposed ? (y, x) : (x, y);
                if (fromRight)
                    column = width - 1 - column;
                if (fromBottom)
                    row = height - 1 - row;
                var pixel = rgba.Slice(4 * (row * width + column), 4);
                for (var channel = 0; channel < 3; channel++)
                    rgb[to + channel] = pixel[channels[channel]];
            }
        }
        return new RgbImage(shownWidth, shownHeight, rgb);
    }
}
