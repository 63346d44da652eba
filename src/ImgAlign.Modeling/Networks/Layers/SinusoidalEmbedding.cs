using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>
/// The sinusoidal embedding of numbers: <c>f_j = exp(-ln(10000) j / (width / 2 - shift))</c>, then sine and cosine of <c>t f_j</c>
/// (diffusers <c>Timesteps</c>). Has no weights; computes in float32.
/// </summary>
public sealed class SinusoidalEmbedding : nn.Module<Tensor, Tensor>
{
    private readonly int width;
    private readonly bool cosineFirst;
    private readonly double frequencyShift;

    /// <summary>Creates the embedding.</summary>
    /// <param name="width">Width of the embedding.</param>
    /// <param name="cosineFirst">Whether the cosines come before the sines.</param>
    /// <param name="frequencyShift">The shift in the exponent's denominator.</param>
    public SinusoidalEmbedding(int width, bool cosineFirst, double frequencyShift)
        : base(nameof(SinusoidalEmbedding))
    {
        this.width = width;
        this.cosineFirst = cosineFirst;
        this.frequencyShift = frequencyShift;
    }

    /// <summary>Embeds.</summary>
    /// <param name="numbers"><c>[n]</c>.</param>
    /// <returns><c>[n, width]</c>, float32; an odd width ends with a zero.</returns>
    public override Tensor forward(Tensor numbers)
    {
        using var scope = NewDisposeScope();
        var half = width / 2;
        var exponents = TensorMath.Range(half, float32, numbers.device).Times(-Math.Log(10000) / (half - frequencyShift));
        var angles = numbers.to(float32).unsqueeze(1) * exponents.exp(); // [n, half]
        Tensor[] parts = cosineFirst ? [angles.cos(), angles.sin()] : [angles.sin(), angles.cos()];
        var result = cat(parts, dim: -1);
        return (width % 2 == 0 ? result : nn.functional.pad(result, [0, 1])).MoveToOuterDisposeScope();
    }
}
