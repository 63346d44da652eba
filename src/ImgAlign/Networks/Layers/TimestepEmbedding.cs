using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>Two linear layers with SiLU between, on sinusoidal embeddings (diffusers <c>TimestepEmbedding</c>).</summary>
public sealed class TimestepEmbedding : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "linear_1")]
    private readonly Linear linear1;

    [ComponentName(Name = "linear_2")]
    private readonly Linear linear2;

    /// <summary>Creates the layers; their weights are uninitialised.</summary>
    /// <param name="inputs">Width of the input.</param>
    /// <param name="outputs">Width of the embedding.</param>
    /// <param name="device">Where its weights are.</param>
    public TimestepEmbedding(long inputs, long outputs, Device device) : base(nameof(TimestepEmbedding))
    {
        linear1 = new Linear(inputs, outputs, hasBias: true, device);
        linear2 = new Linear(outputs, outputs, hasBias: true, device);
        RegisterComponents();
    }

    /// <summary>The type of its weights, in which it expects its input.</summary>
    public ScalarType Type => linear1.Weight.dtype;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var hidden = linear1.call(input);
        using var activated = nn.functional.silu(hidden);
        return linear2.call(activated);
    }

    /// <summary>
    /// The sinusoidal embedding of numbers: <c>f_j = exp(-ln(10000) j / (width / 2 - shift))</c>, then sine and cosine of <c>t f_j</c>
    /// (diffusers <c>get_timestep_embedding</c>).
    /// </summary>
    /// <param name="timesteps">The numbers, <c>[n]</c>.</param>
    /// <param name="width">Width of the embedding.</param>
    /// <param name="cosineFirst">Whether the cosines come before the sines.</param>
    /// <param name="frequencyShift">The shift in the exponent's denominator.</param>
    /// <returns><c>[n, width]</c>, float32; an odd width ends with a zero.</returns>
    public static Tensor Sinusoidal(Tensor timesteps, int width, bool cosineFirst, double frequencyShift)
    {
        using var scope = NewDisposeScope();
        var half = width / 2;
        var exponents = arange(half, dtype: float32, device: timesteps.device) * (-Math.Log(10000) / (half - frequencyShift));
        var angles = timesteps.to(float32).unsqueeze(1) * exponents.exp();  // [n, half]
        Tensor[] parts = cosineFirst ? [angles.cos(), angles.sin()] : [angles.sin(), angles.cos()];
        var result = cat(parts, dim: -1);
        return (width % 2 == 0 ? result : nn.functional.pad(result, [0, 1])).MoveToOuterDisposeScope();
    }
}
