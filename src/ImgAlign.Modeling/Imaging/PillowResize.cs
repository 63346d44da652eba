using ImgAlign.Runtime;

namespace ImgAlign.Imaging;

/// <summary>
/// Pillow's <c>Image.resize</c> on 8-bit RGB, to the bit: two passes, each rounded to 8 bits, horizontal first (Pillow 10.4, which the
/// released IMG pins, and any other up to 12) unless <see cref="ResizeOrder"/> says otherwise. The encoders were trained on images resized
/// like this.
/// </summary>
public static class PillowResize
{
    /// <summary>Resizes an image.</summary>
    /// <param name="image">The image.</param>
    /// <param name="width">The new width in pixels, at least 1.</param>
    /// <param name="height">The new height in pixels, at least 1.</param>
    /// <param name="filter">The filter.</param>
    /// <returns>A new image, or the same one if it has that size already.</returns>
    /// <exception cref="ImgAlignException">The result would be larger than any image may be.</exception>
    public static RgbImage Resize(RgbImage image, int width, int height, ResampleFilter filter = ResampleFilter.Bicubic)
    {
        ArgumentNullException.ThrowIfNull(image);
        return (width, height) == (image.Width, image.Height) ? image : ResizeRegion(image, width, height, filter, 0, 0, width, height);
    }

    /// <summary>Computes a part of what <see cref="Resize"/> would give, and only that: the whole need not fit in memory.</summary>
    /// <param name="image">The image.</param>
    /// <param name="width">The width of the whole.</param>
    /// <param name="height">The height of the whole.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="left">Where the part begins; it lies inside the whole.</param>
    /// <param name="top">Where the part begins.</param>
    /// <param name="regionWidth">The width of the part.</param>
    /// <param name="regionHeight">The height of the part.</param>
    /// <param name="order">Which pass comes first.</param>
    internal static RgbImage ResizeRegion(
        RgbImage image,
        int width,
        int height,
        ResampleFilter filter,
        int left,
        int top,
        int regionWidth,
        int regionHeight,
        ResizeOrder order = ResizeOrder.HorizontalFirst
    )
    {
        ArgumentNullException.ThrowIfNull(image);
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(height, 1);
        if (filter == ResampleFilter.Nearest)
            return Nearest(image, width, height, left, top, regionWidth, regionHeight);

        // A pass whose size does not change is left out; the first pass computes only what the second needs.
        var rows = height == image.Height ? null : new ResampleWeights(image.Height, height, filter, top, regionHeight);
        var columns = width == image.Width ? null : new ResampleWeights(image.Width, width, filter, left, regionWidth);
        var (firstRow, endRow) = rows is null ? (top, top + regionHeight) : (rows.FirstInput, rows.EndInput);
        var shrinksMoreInHeight = (long)image.Height * width > (long)image.Width * height;
        if (order == ResizeOrder.StrongerFirst && shrinksMoreInHeight && rows is not null && columns is not null)
        {
            var (first, end) = (columns.FirstInput, columns.EndInput);
            var lowered = Vertical(Canvas.Crop(image, first, firstRow, end - first, endRow - firstRow), rows, regionHeight, firstRow);
            return Horizontal(lowered, columns, regionWidth, 0, regionHeight, first);
        }
        var narrowed = columns is null
            ? Canvas.Crop(image, left, firstRow, regionWidth, endRow - firstRow)
            : Horizontal(image, columns, regionWidth, firstRow, endRow);
        return rows is null ? narrowed : Vertical(narrowed, rows, regionHeight, firstRow);
    }

    // Where the image is a part of the whole, it begins at a column, and the weights count those before it.
    private static RgbImage Horizontal(RgbImage image, ResampleWeights weights, int width, int firstRow, int endRow, int firstColumn = 0)
    {
        var result = Canvas.Allocate(width, endRow - firstRow);
        ParallelLoop.Run(
            endRow - firstRow,
            Environment.ProcessorCount,
            rows =>
            {
                foreach (var row in rows)
                    ResizeRow(row);
            }
        );
        return new RgbImage(width, endRow - firstRow, result);

        void ResizeRow(int row)
        {
            var input = image.Pixels.Slice(3 * (firstRow + row) * image.Width, 3 * image.Width);
            var output = result.AsSpan(3 * row * width, 3 * width);
            for (var x = 0; x < width; x++)
            {
                var (start, taps) = weights[x];
                var pixel = input[(3 * (start - firstColumn))..];
                int red = Half,
                    green = Half,
                    blue = Half;
                foreach (var weight in taps.Span)
                {
                    red += weight * pixel[0];
                    green += weight * pixel[1];
                    blue += weight * pixel[2];
                    pixel = pixel[3..];
                }
                output[3 * x] = Clamp(red);
                output[3 * x + 1] = Clamp(green);
                output[3 * x + 2] = Clamp(blue);
            }
        }
    }

    private static RgbImage Vertical(RgbImage image, ResampleWeights weights, int height, int firstRow)
    {
        var rowBytes = 3 * image.Width;
        var result = Canvas.Allocate(image.Width, height);
        ParallelLoop.Run(
            height,
            Environment.ProcessorCount,
            rows =>
            {
                var sums = new int[rowBytes];
                foreach (var row in rows)
                    SumRow(row, sums);
            }
        );
        return new RgbImage(image.Width, height, result);

        void SumRow(int y, int[] sums)
        {
            var (start, taps) = weights[y];
            Array.Fill(sums, Half);
            for (var i = 0; i < taps.Length; i++)
            {
                var weight = taps.Span[i];
                var input = image.Pixels.Slice((start - firstRow + i) * rowBytes, rowBytes);
                for (var x = 0; x < input.Length; x++)
                    sums[x] += weight * input[x];
            }
            var output = result.AsSpan(y * rowBytes, rowBytes);
            for (var x = 0; x < output.Length; x++)
                output[x] = Clamp(sums[x]);
        }
    }

    // Pillow adds the step up instead of multiplying, which decides where a position falls on a border.
    private static RgbImage Nearest(RgbImage image, int width, int height, int left, int top, int regionWidth, int regionHeight)
    {
        var result = Canvas.Allocate(regionWidth, regionHeight);
        var columns = Positions(image.Width, width);
        var rows = Positions(image.Height, height);
        for (var (y, i) = (0, 0); y < regionHeight; y++)
        {
            for (var x = 0; x < regionWidth; x++, i += 3)
                image.Pixels.Slice(3 * (rows[top + y] * image.Width + columns[left + x]), 3).CopyTo(result.AsSpan(i));
        }
        return new RgbImage(regionWidth, regionHeight, result);

        static int[] Positions(int input, int output)
        {
            var result = new int[output];
            var (step, position) = ((double)input / output, (double)input / output * 0.5);
            for (var i = 0; i < output; i++, position += step)
                result[i] = Math.Min((int)position, input - 1);
            return result;
        }
    }

    private const int Half = 1 << (ResampleWeights.Bits - 1);

    private static byte Clamp(int sum) => (byte)Math.Clamp(sum >> ResampleWeights.Bits, 0, 255);
}
