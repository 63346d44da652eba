using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Checkpoints;

/// <summary>
/// A matrix of 8 bits an element, and the factor that each row is to be multiplied by: symmetric, so that zero stays zero.
/// </summary>
internal sealed class RowFactors : CompactForm
{
    private const long PieceElements = 1 << 19;

    private readonly double largest;

    private RowFactors(string type, double largest)
        : base(type)
    {
        Type = ElementType.FromName(type)!.Scalar;
        this.largest = largest;
    }

    /// <summary>Integers.</summary>
    public static RowFactors Int8 { get; } = new("I8", 127);

    /// <summary>Floating-point numbers with 3 bits after the leading one.</summary>
    public static RowFactors Float8 { get; } = new("F8_E4M3", 448);

    // Those that are only found in files too.
    private static readonly RowFactors[] Floats = [Float8, new("F8_E5M2", 57344), new("F8_E4M3FNUZ", 240), new("F8_E5M2FNUZ", 57344)];

    /// <inheritdoc/>
    public override ScalarType Type { get; }

    /// <inheritdoc/>
    public override bool HasFactors => true;

    /// <summary>The form with elements of an 8-bit floating-point type; null for other types.</summary>
    public static RowFactors? OfFloats(ScalarType type) => Array.Find(Floats, form => form.Type == type);

    /// <inheritdoc/>
    public override long[] ElementsShape(IReadOnlyList<long> shape) => [.. shape];

    /// <inheritdoc/>
    public override long ExpandingBytes(long elements, ScalarType type, Device device) => elements * ElementType.Of(type)!.Bytes;

    /// <inheritdoc/>
    public override CompactMatrix Compress(Tensor weight)
    {
        using var scope = NewDisposeScope();
        var (rows, columns) = (weight.shape[0], weight.shape[1]);
        // The results first, then small pieces: temporaries as large as the matrix would leave holes in the heap, between weights that
        // stay, which nothing fits into.
        var elements = empty([rows, columns], Type, weight.device);
        var factors = empty([rows, 1], float32, weight.device);
        var step = Math.Max(1, PieceElements / columns);
        for (var first = 0L; first < rows; first += step)
        {
            using var pieceScope = NewDisposeScope();
            var count = Math.Min(step, rows - first);
            var exact = weight.narrow(0, first, count).to(float32);
            var factor = exact.abs().amax([1], keepdim: true).DividedBy(largest).Clamp(min: 1e-30f); // a row of zeros stays one
            var scaled = exact / factor;
            factors.narrow(0, first, count).copy_(factor);
            elements.narrow(0, first, count).copy_(Type == int8 ? scaled.round_() : scaled);
        }
        return new(elements.MoveToOuterDisposeScope(), factors.MoveToOuterDisposeScope());
    }

    /// <inheritdoc/>
    public override Tensor Expand(CompactMatrix matrix, ScalarType type) => matrix.Elements.to(type).mul_(matrix.Factors!);
}
