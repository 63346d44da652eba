using SkiaSharp;

namespace ImgAlign.Evaluation.Reports;

/// <summary>Small pictures for a page, which share a number of bytes.</summary>
internal static class Thumbnails
{
    private const long BytesOfAll = 30_000_000; // a third more as base64
    private const int Sampled = 50;

    // Long side in pixels and quality, from the best to what is always small enough.
    private static readonly (int LongSide, int Quality)[] Levels =
    [
        (128, 80),
        (128, 60),
        (96, 60),
        (96, 40),
        (64, 40),
        (64, 20),
        (48, 20),
        (32, 10),
    ];

    /// <summary>Makes the thumbnails of pictures, as addresses that hold them.</summary>
    /// <param name="files">The pictures' files.</param>
    public static IReadOnlyList<string> Make(IReadOnlyList<string> files)
    {
        List<string> sample = [.. files.Where((_, index) => index % (files.Count / Sampled + 1) == 0)];
        foreach (var level in Levels)
        {
            var isLast = level == Levels[^1];
            if (!isLast && sample.Sum(file => (long)Encode(file, level).Length) * files.Count > BytesOfAll * sample.Count)
                continue;
            var thumbnails = files.AsParallel().AsOrdered().Select(file => Encode(file, level)).ToList();
            if (isLast || thumbnails.Sum(static bytes => (long)bytes.Length) <= BytesOfAll)
                return [.. thumbnails.Select(static bytes => $"data:image/webp;base64,{Convert.ToBase64String(bytes)}")];
        }
        throw new InvalidOperationException("There are no levels.");
    }

    private static byte[] Encode(string file, (int LongSide, int Quality) level)
    {
        using var picture =
            SKBitmap.Decode(file) ?? throw new ImgAlignException($"{file}: the picture cannot be read; delete its folder, and run again.");
        var scale = Math.Min(1.0, (double)level.LongSide / Math.Max(picture.Width, picture.Height));
        var size = new SKSizeI(Math.Max(1, (int)(picture.Width * scale)), Math.Max(1, (int)(picture.Height * scale)));
        using var small = picture.Resize(size, new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        using var data = small.Encode(SKEncodedImageFormat.Webp, level.Quality);
        return data.ToArray();
    }
}
