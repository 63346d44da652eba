using static TorchSharp.torch;

namespace ImgAlign.Imaging;

/// <summary>
/// Makes an image into what a CLIP vision tower reads, as transformers' <c>CLIPImageProcessor</c> on Pillow: resize, centre crop, rescale,
/// normalise.
/// </summary>
public sealed record ClipImageProcessor
{
    /// <summary>The length of the shorter side after resizing; null: <see cref="FixedSize"/> holds.</summary>
    public int? ShortestEdge { get; init; } = 224;

    /// <summary>The size after resizing, whatever the proportions; null: <see cref="ShortestEdge"/> holds.</summary>
    public ImageSize? FixedSize { get; init; }

    /// <summary>The part that is cut from the middle.</summary>
    public ImageSize CropSize { get; init; } = new(224, 224);

    /// <summary>How the image is resized.</summary>
    public ResampleFilter Resample { get; init; } = ResampleFilter.Bicubic;

    /// <summary>Whether the image is resized.</summary>
    public bool DoResize { get; init; } = true;

    /// <summary>Whether the middle is cut out.</summary>
    public bool DoCenterCrop { get; init; } = true;

    /// <summary>
    /// Where a middle begins that lies between two pixels: at the even one, as torchvision rounds (OpenAI's CLIP, OpenCLIP), or always at
    /// the first, as transformers does.
    /// </summary>
    public bool RoundsCropToEven { get; init; }

    /// <summary>Which pass of resizing comes first.</summary>
    public ResizeOrder Order { get; init; }

    /// <summary>Whether the pixels are multiplied by <see cref="RescaleFactor"/>.</summary>
    public bool DoRescale { get; init; } = true;

    /// <summary>Whether <see cref="Mean"/> is subtracted and the result divided by <see cref="StandardDeviation"/>.</summary>
    public bool DoNormalize { get; init; } = true;

    /// <summary>What a pixel from 0 to 255 is multiplied by.</summary>
    public double RescaleFactor { get; init; } = 1.0 / 255;

    /// <summary>The mean of red, green and blue over CLIP's training data.</summary>
    public IReadOnlyList<double> Mean { get; init; } = [0.48145466, 0.4578275, 0.40821073];

    /// <summary>The standard deviation of red, green and blue over CLIP's training data.</summary>
    public IReadOnlyList<double> StandardDeviation { get; init; } = [0.26862954, 0.26130258, 0.27577711];

    /// <summary>Reads a folder's image processor, or takes OpenAI CLIP's preprocessing, which copies without the file have too.</summary>
    /// <param name="folder">The image encoder's folder.</param>
    /// <param name="size">Width and height that the encoder takes.</param>
    /// <param name="order">Which pass of resizing comes first.</param>
    public static ClipImageProcessor LoadOrDefault(string folder, int size, ResizeOrder order = ResizeOrder.HorizontalFirst) =>
        PreprocessorConfig.IsIn(folder)
            ? PreprocessorConfig.Read<ClipPreprocessorConfig>(folder).ToProcessor(order)
            : new()
            {
                ShortestEdge = size,
                CropSize = new(size, size),
                Order = order,
            };

    /// <summary>CLIP's processor with another resolution.</summary>
    /// <param name="size">The side of the square that the tower reads, in pixels.</param>
    public static ClipImageProcessor ForSize(int size) => new() { ShortestEdge = size, CropSize = new(size, size) };

    /// <summary>The preprocessing of OpenAI's CLIP and of OpenCLIP in their own programs, which torchvision does.</summary>
    /// <param name="size">The side of the square that the tower reads, in pixels.</param>
    public static ClipImageProcessor ForSizeByTorchvision(int size) =>
        new()
        {
            ShortestEdge = size,
            CropSize = new(size, size),
            RoundsCropToEven = true,
            Order = ResizeOrder.StrongerFirst,
        };

    /// <summary>Reads <c>processor_config.json</c> or <c>preprocessor_config.json</c>; what it leaves out is as in transformers.</summary>
    /// <param name="folder">The folder with the file.</param>
    /// <exception cref="ImgAlignException">The file is missing or malformed.</exception>
    public static ClipImageProcessor Load(string folder) =>
        PreprocessorConfig.Read<ClipPreprocessorConfig>(folder).ToProcessor(ResizeOrder.HorizontalFirst);

    /// <summary>Makes an image square by bars in the mean colour on its shorter sides, as LLaVA-1.5 does (<c>image_aspect_ratio:
    /// pad</c>).</summary>
    /// <param name="image">The image.</param>
    public RgbImage PadToSquare(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        if (image.Width == image.Height)
            return image;
        var side = Math.Max(image.Width, image.Height);
        var mean = Mean.Select(value => (byte)(value * 255)).ToArray(); // (122, 116, 104): truncated, not rounded
        return new Canvas(side, side, (mean[0], mean[1], mean[2]))
            .Draw(image, (side - image.Width) / 2, (side - image.Height) / 2)
            .ToImage();
    }

    /// <summary>Resizes and crops, without touching the values.</summary>
    /// <param name="image">The image.</param>
    public RgbImage Fit(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var whole = DoResize ? ResizedSize(image.Size) : image.Size;
        var crop = DoCenterCrop ? CropSize : whole;
        var (left, top) = (Half(whole.Width - crop.Width), Half(whole.Height - crop.Height));

        // Only the pixels that the crop keeps are computed; a crop larger than the image is black around it.
        var (x, y) = (Math.Max(left, 0), Math.Max(top, 0));
        var (width, height) = (Math.Min(crop.Width, whole.Width), Math.Min(crop.Height, whole.Height));
        var visible = PillowResize.ResizeRegion(image, whole.Width, whole.Height, Resample, x, y, width, height, Order);
        return Canvas.Crop(visible, left - x, top - y, crop.Width, crop.Height);

        int Half(int excess) => RoundsCropToEven ? (int)Math.Round(excess / 2.0, MidpointRounding.ToEven) : excess >> 1;
    }

    /// <summary>The tower's input.</summary>
    /// <param name="image">The image.</param>
    /// <returns><c>[1, 3, H, W]</c>, float32, on the CPU; disposed by the caller.</returns>
    public Tensor Preprocess(RgbImage image)
    {
        var fitted = Fit(image);
        var plane = fitted.Width * fitted.Height;
        var values = new float[3 * plane];
        for (var channel = 0; channel < 3; channel++)
        {
            var lookup = PixelLevels.Scale(
                DoRescale ? RescaleFactor : 1,
                DoNormalize ? Mean[channel] : 0,
                DoNormalize ? StandardDeviation[channel] : 1
            );
            for (var (i, pixel) = (0, channel); i < plane; i++, pixel += 3)
                values[channel * plane + i] = lookup[fitted.Pixels[pixel]];
        }
        return tensor(values, [1, 3, fitted.Height, fitted.Width]);
    }

    private ImageSize ResizedSize(ImageSize size)
    {
        if (FixedSize is { } exact)
            return exact;
        long edge = ShortestEdge ?? throw new InvalidOperationException("Either ShortestEdge or FixedSize is needed to resize.");
        var (shorter, longer) = (Math.Min(size.Width, size.Height), Math.Max(size.Width, size.Height));
        var scaled = edge * longer / shorter;
        if (scaled > int.MaxValue)
            throw new ImgAlignException(
                $"An image of {size} pixels is too narrow to be scaled to a shorter side of {edge}; crop it first."
            );
        return size.Width <= size.Height ? new((int)edge, (int)scaled) : new((int)scaled, (int)edge);
    }
}
