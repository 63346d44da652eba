using static TorchSharp.torch;

namespace ImgAlign.Imaging;

/// <summary>
/// Makes an image into what HPSv2 reads, as its package does: the whole picture, in floating point, its longer side as long as the square,
/// and black bars beside it.
/// </summary>
/// <param name="side">The side of the square that the tower reads, in pixels.</param>
/// <param name="antialias">Whether shrinking averages, as torchvision does since 0.17.</param>
internal sealed class HpsImageProcessor(int side, bool antialias)
{
    private static readonly ClipImageProcessor Clip = new();

    /// <summary>The tower's input.</summary>
    /// <param name="image">The image.</param>
    /// <returns><c>[1, 3, S, S]</c>, float32, on the CPU; disposed by the caller.</returns>
    /// <exception cref="ImgAlignException">The image is so narrow that nothing would be left of it.</exception>
    public Tensor Preprocess(RgbImage image)
    {
        ArgumentNullException.ThrowIfNull(image);
        var scale = side / (double)Math.Max(image.Width, image.Height);
        var size = new ImageSize(Scaled(image.Width), Scaled(image.Height));
        if (size.Width < 1 || size.Height < 1)
        {
            throw new ImgAlignException(
                $"A picture of {image.Size} pixels is too narrow to be scaled to a longer side of {side}; crop it first."
            );
        }
        var (left, top) = ((side - size.Width) / 2, (side - size.Height) / 2);
        long[] bars = [left, side - size.Width - left, top, side - size.Height - top];

        using var scope = NewDisposeScope();
        var levels = tensor(image.Pixels.ToArray(), [image.Height, image.Width, 3]).permute(2, 0, 1).to(float32).DividedBy(255);
        var square = nn.functional.pad(TensorResize.Bicubic(levels, size, antialias), bars); // [3, S, S]
        var pixels = (square - PerChannel(Clip.Mean)) / PerChannel(Clip.StandardDeviation);
        return pixels.unsqueeze(0).MoveToOuterDisposeScope();

        int Scaled(int length) => (int)Math.Round(length * scale, MidpointRounding.ToEven);
    }

    private static Tensor PerChannel(IReadOnlyList<double> values) => tensor([.. values.Select(static value => (float)value)], [3, 1, 1]);
}
