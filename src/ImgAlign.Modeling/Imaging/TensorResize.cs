using static TorchSharp.torch;

namespace ImgAlign.Imaging;

/// <summary>
/// Resizing of floating-point planes, as PyTorch does it: without the 8-bit steps of <see cref="PillowResize"/>, and not clamped to the
/// range of the input.
/// </summary>
internal static class TensorResize
{
    /// <summary>Bicubic resizing.</summary>
    /// <param name="planes">The image <c>[C, H, W]</c>, float32.</param>
    /// <param name="size">The new size.</param>
    /// <param name="antialias">Whether the filter is widened where the image shrinks (Keys' cubic, a = -0.5), or not (a = -0.75).</param>
    /// <returns><c>[C, h, w]</c>.</returns>
    public static Tensor Bicubic(Tensor planes, ImageSize size, bool antialias)
    {
        using var scope = NewDisposeScope();
        if (!antialias)
        {
            long[] target = [size.Height, size.Width];
            var resized = nn.functional.interpolate(planes.unsqueeze(0), target, mode: InterpolationMode.Bicubic, align_corners: false);
            return resized.squeeze(0).MoveToOuterDisposeScope();
        }
        var narrowed = planes.matmul(Weights((int)planes.shape[2], size.Width).t()); // [C, H, w]
        return Weights((int)planes.shape[1], size.Height).matmul(narrowed).MoveToOuterDisposeScope();
    }

    // [output, input]: the antialiased filter is Pillow's, with weights that are not rounded.
    private static Tensor Weights(int inputSize, int outputSize)
    {
        var matrix = new float[outputSize * inputSize];
        for (var output = 0; output < outputSize; output++)
        {
            var (start, weights) = ResampleWeights.Exact(inputSize, outputSize, ResampleFilter.Bicubic, output);
            for (var i = 0; i < weights.Length; i++)
                matrix[output * inputSize + start + i] = (float)weights[i];
        }
        return tensor(matrix, [outputSize, inputSize]);
    }
}
