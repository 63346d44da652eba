using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>Two linear layers with SiLU between, on sinusoidal embeddings (diffusers <c>TimestepEmbedding</c>).</summary>
public sealed class TimestepEmbedding : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "linear_1")]
    private readonly CompactLinear linear1;

    [ComponentName(Name = "linear_2")]
    private readonly CompactLinear linear2;

    /// <summary>Creates the layers; their weights are uninitialised.</summary>
    /// <param name="inputs">Width of the input.</param>
    /// <param name="outputs">Width of the embedding.</param>
    /// <param name="device">Where its weights are.</param>
    public TimestepEmbedding(long inputs, long outputs, Device device)
        : base(nameof(TimestepEmbedding))
    {
        linear1 = new CompactLinear(inputs, outputs, hasBias: true, device);
        linear2 = new CompactLinear(outputs, outputs, hasBias: true, device);
        RegisterComponents();
    }

    /// <summary>The type that it computes in, in which it expects its input.</summary>
    public ScalarType Type => linear1.Bias!.dtype;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var hidden = linear1.call(input);
        using var activated = nn.functional.silu(hidden);
        return linear2.call(activated);
    }
}
