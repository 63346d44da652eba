using static TorchSharp.torch;

namespace ImgAlign.Imaging;

/// <summary>
/// Makes images into the patches that Qwen2.5-VL reads, as transformers' <c>Qwen2VLImageProcessor</c> on Pillow: each image is scaled so
/// that its sides are whole numbers of merged cells, and keeps its shape and, within limits, its size.
/// </summary>
public sealed record QwenImageProcessor
{
    private const int MaxAspectRatio = 200;

    /// <summary>The fewest pixels that an image has when it is read; smaller ones are enlarged.</summary>
    public long MinPixels { get; init; } = 56 * 56;

    /// <summary>The most pixels that an image has when it is read; larger ones are scaled down.</summary>
    public long MaxPixels { get; init; } = 28 * 28 * 1280;

    /// <summary>The side of a patch in pixels.</summary>
    public int PatchSize { get; init; } = 14;

    /// <summary>The side of a merged cell, of which the language model sees one position, in patches.</summary>
    public int MergeSize { get; init; } = 2;

    /// <summary>The frames of a patch, which for an image are all the same.</summary>
    public int TemporalPatchSize { get; init; } = 2;

    /// <summary>How an image is resized.</summary>
    public ResampleFilter Resample { get; init; } = ResampleFilter.Bicubic;

    /// <summary>What pixel levels are multiplied by.</summary>
    public double RescaleFactor { get; init; } = 1.0 / 255;

    /// <summary>The mean of red, green and blue that is taken off.</summary>
    public IReadOnlyList<double> Mean { get; init; } = [0.48145466, 0.4578275, 0.40821073];

    /// <summary>The standard deviation of red, green and blue by which is divided.</summary>
    public IReadOnlyList<double> StandardDeviation { get; init; } = [0.26862954, 0.26130258, 0.27577711];

    /// <summary>Reads <c>processor_config.json</c> or <c>preprocessor_config.json</c>; what it leaves out is as in transformers.</summary>
    /// <param name="folder">The folder with the file.</param>
    /// <exception cref="ImgAlignException">The file is missing or malformed.</exception>
    public static QwenImageProcessor Load(string folder) => PreprocessorConfig.Read<QwenPreprocessorConfig>(folder).ToProcessor();

    /// <summary>The size to which an image is scaled (transformers <c>smart_resize</c>).</summary>
    /// <param name="size">Its size in pixels.</param>
    /// <exception cref="InvalidRequestException">One side is more than 200 times the other.</exception>
    public ImageSize FitSize(ImageSize size)
    {
        double width = size.Width,
            height = size.Height;
        double cell = PatchSize * MergeSize;
        if (Math.Max(width, height) / Math.Min(width, height) > MaxAspectRatio)
            throw new InvalidRequestException(
                $"An image of {size} pixels is too narrow, one side may be {MaxAspectRatio} times the other at most; crop it first."
            );
        var (fittedWidth, fittedHeight) = (Math.Round(width / cell) * cell, Math.Round(height / cell) * cell); // half to even
        if (fittedWidth * fittedHeight > MaxPixels)
        {
            var shrink = Math.Sqrt(width * height / MaxPixels);
            (fittedWidth, fittedHeight) = (
                Math.Max(cell, Math.Floor(width / shrink / cell) * cell),
                Math.Max(cell, Math.Floor(height / shrink / cell) * cell)
            );
        }
        else if (fittedWidth * fittedHeight < MinPixels)
        {
            var enlarge = Math.Sqrt(MinPixels / (width * height));
            (fittedWidth, fittedHeight) = (Math.Ceiling(width * enlarge / cell) * cell, Math.Ceiling(height * enlarge / cell) * cell);
        }
        return new ImageSize((int)fittedWidth, (int)fittedHeight);
    }

    /// <summary>The patches that an image becomes.</summary>
    /// <param name="size">Its size in pixels.</param>
    /// <exception cref="InvalidRequestException">As for <see cref="FitSize"/>.</exception>
    public PatchGrid FitGrid(ImageSize size)
    {
        var fitted = FitSize(size);
        return new PatchGrid(fitted.Height / PatchSize, fitted.Width / PatchSize);
    }

    /// <summary>The positions that an image takes in the language model's sequence.</summary>
    /// <param name="grid">Its patches.</param>
    public int CountCells(PatchGrid grid) => grid.Count / (MergeSize * MergeSize);

    /// <summary>The vision tower's input.</summary>
    /// <param name="images">At least one image.</param>
    /// <returns>float32, on the CPU; disposed by the caller.</returns>
    /// <exception cref="InvalidRequestException">As for <see cref="FitSize"/>.</exception>
    public ImagePatches Preprocess(params IReadOnlyList<RgbImage> images)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentOutOfRangeException.ThrowIfZero(images.Count, nameof(images));
        var grids = images.Select(image => FitGrid(image.Size)).ToList();
        var width = 3 * TemporalPatchSize * PatchSize * PatchSize;
        var values = new float[grids.Sum(static grid => (long)grid.Count) * width];
        var levels = Mean.Zip(StandardDeviation, (mean, deviation) => PixelLevels.Scale(RescaleFactor, mean, deviation)).ToArray();
        var start = 0;
        foreach (var (image, grid) in images.Zip(grids))
        {
            var fitted = PillowResize.Resize(image, grid.Columns * PatchSize, grid.Rows * PatchSize, Resample);
            foreach (var (row, column) in PatchOrder(grid))
            {
                WritePatch(fitted, row * PatchSize, column * PatchSize, levels, values.AsSpan(start, width));
                start += width;
            }
        }
        return new ImagePatches(tensor(values, [values.Length / width, width]), grids);
    }

    // Cell by cell, and row by row within a cell.
    private IEnumerable<(int Row, int Column)> PatchOrder(PatchGrid grid) =>
        from cellRow in Enumerable.Range(0, grid.Rows / MergeSize)
        from cellColumn in Enumerable.Range(0, grid.Columns / MergeSize)
        from row in Enumerable.Range(cellRow * MergeSize, MergeSize)
        from column in Enumerable.Range(cellColumn * MergeSize, MergeSize)
        select (row, column);

    // [channel, frame, y, x]
    private void WritePatch(RgbImage image, int top, int left, float[][] levels, Span<float> patch)
    {
        var frame = PatchSize * PatchSize;
        for (var channel = 0; channel < 3; channel++)
        {
            var frames = patch.Slice(channel * TemporalPatchSize * frame, TemporalPatchSize * frame);
            for (var y = 0; y < PatchSize; y++)
            {
                var pixels = image.Pixels[(3 * ((top + y) * image.Width + left) + channel)..];
                for (var x = 0; x < PatchSize; x++)
                    frames[y * PatchSize + x] = levels[channel][pixels[3 * x]];
            }
            for (var copy = 1; copy < TemporalPatchSize; copy++)
                frames[..frame].CopyTo(frames[(copy * frame)..]);
        }
    }
}
