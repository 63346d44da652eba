using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>
/// Rotary position embedding on halves, as in LLaMA and Qwen: frequency i turns the pair (x[i], x[i + d/2]) by <c>position * theta^(-2i/d)</c>.
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
        var exponents = arange(0, headWidth, 2, dtype: float32) / (double)headWidth;
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
        var angles = outer(arange(start, start + count, dtype: float32, device: frequencies.device), frequencies);  // [N, d/2]
        var cosines = angles.cos().to(type);
        return new RotaryTable(cat([cosines, cosines], -1).MoveToOuterDisposeScope(), angles.sin().to(type).MoveToOuterDisposeScope());
    }

    /// <summary>Rotates queries or keys.</summary>
    /// <param name="x">Heads <c>[B, H, N, d]</c>.</param>
    /// <param name="table">For the N positions.</param>
    /// <returns><c>[B, H, N, d]</c>.</returns>
    public static Tensor Rotate(Tensor x, RotaryTable table)
    {
        using var scope = NewDisposeScope();
        var half = x.shape[^1] / 2;
        var rotated = x * table.Cosines;
        rotated.narrow(-1, 0, half).addcmul_(x.narrow(-1, half, half), table.Sines, -1);
        rotated.narrow(-1, half, half).addcmul_(x.narrow(-1, 0, half), table.Sines, 1);
        return rotated.MoveToOuterDisposeScope();
    }
}

/// <summary>The rotation of each position. Owns its tensors.</summary>
/// <param name="Cosines">Of each frequency, for both halves; broadcasts to <c>[B, H, N, d]</c>.</param>
/// <param name="Sines">Of each frequency; broadcasts to <c>[B, H, N, d/2]</c>.</param>
public sealed record RotaryTable(Tensor Cosines, Tensor Sines) : IDisposable
{
    /// <summary>Frees both tensors.</summary>
    public void Dispose()
    {
        Cosines.Dispose();
        Sines.Dispose();
    }
}
