using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>
/// Rotary position embedding on halves, as in LLaMA and Qwen: frequency i turns the pair (x[i], x[i + d/2]) by <c>position *
/// theta^(-2i/d)</c>.
/// </summary>
internal static class Rope
{
    /// <summary>The frequencies <c>theta^(-2i/d)</c>, float32 as in transformers.</summary>
    /// <param name="headWidth">The width of a head, d.</param>
    /// <param name="theta">The base.</param>
    /// <param name="device">Where to put them.</param>
    /// <returns><c>[d/2]</c>.</returns>
    public static Tensor Frequencies(long headWidth, double theta, Device device)
    {
        using var scope = NewDisposeScope();
        // On the CPU, in float32 and by these operators: the same bits as in transformers, so that far positions agree too.
        var exponents = TensorMath.Range(headWidth, float32, step: 2).DividedBy(headWidth);
        return pow(tensor((float)theta), exponents).reciprocal().to(device).MoveToOuterDisposeScope();
    }

    /// <summary>Sines and cosines for text, whose positions count up.</summary>
    /// <param name="start">The first position.</param>
    /// <param name="count">The number of positions, N.</param>
    /// <param name="frequencies">From <see cref="Frequencies"/>.</param>
    /// <param name="type">The type of the queries and keys to rotate.</param>
    public static RotaryTable Table(long start, long count, Tensor frequencies, ScalarType type)
    {
        using var scope = NewDisposeScope();
        return Table(outer(TensorMath.Range(start + count, float32, frequencies.device, start), frequencies), type); // [N, d/2]
    }

    /// <summary>Sines and cosines for positions on several axes: each frequency turns by one of them.</summary>
    /// <param name="positions"><c>[axes, B, N]</c>.</param>
    /// <param name="frequencies"><c>[d/2]</c>.</param>
    /// <param name="axes">The axis of each frequency.</param>
    /// <param name="type">The type of the queries and keys to rotate.</param>
    public static RotaryTable Table(Tensor positions, Tensor frequencies, IReadOnlyList<int> axes, ScalarType type)
    {
        TensorShape.Require(positions, nameof(positions), axes.Max() + 1, null, null);
        using var scope = NewDisposeScope();
        var chosen = tensor(axes.Select(static axis => (long)axis).ToArray(), device: positions.device);
        var angles = positions.to(float32).index_select(0, chosen).permute(1, 2, 0) * frequencies; // [B, N, d/2]
        return Table(angles.unsqueeze(1), type); // [B, 1, N, d/2]
    }

    // In the caller's scope, out of which the result moves.
    private static RotaryTable Table(Tensor angles, ScalarType type)
    {
        var cosines = angles.cos().to(type);
        return new RotaryTable(cat([cosines, cosines], -1).MoveToOuterDisposeScope(), angles.sin().to(type).MoveToOuterDisposeScope());
    }

    /// <summary>Rotates queries or keys, in the table's type.</summary>
    /// <param name="x">Heads <c>[B, H, N, d]</c>.</param>
    /// <param name="table">For the N positions.</param>
    /// <returns><c>[B, H, N, d]</c>, of x's type.</returns>
    public static Tensor Rotate(Tensor x, RotaryTable table)
    {
        using var scope = NewDisposeScope();
        var half = x.shape[^1] / 2;
        var wide = x.to(table.Cosines.dtype);
        var rotated = wide * table.Cosines;
        rotated.narrow(-1, 0, half).PlusProductInPlace(wide.narrow(-1, half, half), table.Sines, factor: -1);
        rotated.narrow(-1, half, half).PlusProductInPlace(wide.narrow(-1, 0, half), table.Sines);
        return rotated.to(x.dtype).MoveToOuterDisposeScope();
    }
}
