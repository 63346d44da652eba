using ImgAlign.Evaluation.Running;
using ImgAlign.Imaging;
using SkiaSharp;

namespace ImgAlign.Evaluation.Benchmarks;

/// <summary>Files of pictures for evaluators.</summary>
internal static class ExportedPicture
{
    private const int PillowQuality = 75;

    /// <summary>Writes a JPEG of the quality and with the halved colours of Pillow's defaults: evaluators see what is lost.</summary>
    public static void WriteJpeg(EvaluatedPicture picture, string file)
    {
        using var bitmap =
            SKBitmap.Decode(picture.Picture!.File)
            ?? throw new ImgAlignException($"{picture.Picture.File}: the picture cannot be read; delete its folder, and run again.");
        using var pixels = bitmap.PeekPixels();
        using var data = pixels.Encode(
            new SKJpegEncoderOptions(PillowQuality, SKJpegEncoderDownsample.Downsample420, SKJpegEncoderAlphaOption.Ignore)
        );
        File.WriteAllBytes(file, data!.ToArray());
    }

    /// <summary>Copies a picture as the PNG that it is stored as.</summary>
    public static void WritePng(EvaluatedPicture picture, string file) => File.Copy(picture.Picture!.File, file);

    /// <summary>Writes four pictures of one size as one PNG: above left, above right, below left, below right.</summary>
    /// <exception cref="ImgAlignException">They are of several sizes.</exception>
    public static void WriteTiles(IReadOnlyList<EvaluatedPicture> pictures, string file)
    {
        List<RgbImage> tiles = [.. pictures.Select(static picture => ImageFile.Load(picture.Picture!.File))];
        var (width, height) = (tiles[0].Width, tiles[0].Height);
        if (tiles.Exists(tile => tile.Size != tiles[0].Size))
            throw new ImgAlignException(
                $"The pictures of '{pictures[0].Item.Prompt.Prompt}' are of several sizes, but tiles need one; give all prompts "
                    + "the same."
            );
        var pixels = new byte[3 * 4 * width * height];
        foreach (var (index, tile) in tiles.Index())
        {
            for (var y = 0; y < height; y++)
            {
                var row = (index / 2 * height + y) * 2 * width + index % 2 * width;
                tile.Pixels.Slice(3 * y * width, 3 * width).CopyTo(pixels.AsSpan(3 * row));
            }
        }
        ImageFile.SavePng(file, new RgbImage(2 * width, 2 * height, pixels));
    }
}
