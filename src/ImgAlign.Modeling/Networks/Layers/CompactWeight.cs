using ImgAlign.Checkpoints;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>A matrix of 8 bits an element, and the factor that each row is to be multiplied by: symmetric, so that zero stays zero.</summary>
internal static class CompactWeight
{
    // float8_e4m3fn: TorchSharp's enumeration ends before it, but libtorch converts it on every device.
    private const ScalarType Float8 = (ScalarType)24;

    private const long PieceElements = 1 << 19;

    /// <summary>The type of the elements.</summary>
    public static ScalarType ElementsOf(WeightStorage storage) => storage == WeightStorage.Int8 ? int8 : Float8;

    /// <summary>Rounds a matrix to 8 bits, row by row.</summary>
    /// <param name="weight"><c>[n, k]</c>.</param>
    /// <param name="storage">Int8 or Float8.</param>
    /// <returns><c>[n, k]</c>, and the factors <c>[n, 1]</c>, float32.</returns>
    public static (Tensor Elements, Tensor Factors) Compress(Tensor weight, WeightStorage storage)
    {
        using var scope = NewDisposeScope();
        var (rows, columns) = (weight.shape[0], weight.shape[1]);
        // The results first, then small pieces: temporaries as large as the matrix would leave holes in the heap, between weights that stay, which
        // nothing fits into.
        var elements = empty([rows, columns], ElementsOf(storage), weight.device);
        var factors = empty([rows, 1], float32, weight.device);
        var step = Math.Max(1, PieceElements / columns);
        for (var first = 0L; first < rows; first += step)
        {
            using var pieceScope = NewDisposeScope();
            var count = Math.Min(step, rows - first);
            var exact = weight.narrow(0, first, count).to(float32);
            var largest = storage == WeightStorage.Int8 ? 127 : 448;
            var factor = exact.abs().amax([1], keepdim: true).DividedBy(largest).Clamp(min: 1e-30f);  // a row of zeros stays one
            var scaled = exact / factor;
            factors.narrow(0, first, count).copy_(factor);
            elements.narrow(0, first, count).copy_(storage == WeightStorage.Int8 ? scaled.round_() : scaled);
        }
        return (elements.MoveToOuterDisposeScope(), factors.MoveToOuterDisposeScope());
    }

    /// <summary>The matrix in a type to compute with.</summary>
    /// <param name="elements"><c>[n, k]</c>.</param>
    /// <param name="factors"><c>[n, 1]</c>.</param>
    /// <param name="type">The type.</param>
    /// <returns><c>[n, k]</c>, new.</returns>
    public static Tensor Expand(Tensor elements, Tensor factors, ScalarType type) => elements.to(type).mul_(factors);
}
