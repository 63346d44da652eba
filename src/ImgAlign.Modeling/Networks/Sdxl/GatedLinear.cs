using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Sdxl;

/// <summary><c>[a, g] = proj(x)</c>, then <c>a * gelu(g)</c> with the exact GELU (diffusers <c>GEGLU</c>).</summary>
internal sealed class GatedLinear : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "proj")]
    private readonly Linear projection;

    /// <summary>Creates the layer; its weights are uninitialised.</summary>
    /// <param name="inputs">Width in.</param>
    /// <param name="outputs">Width out.</param>
    /// <param name="device">Where its weights are.</param>
    public GatedLinear(long inputs, long outputs, Device device) : base(nameof(GatedLinear))
    {
        projection = new Linear(inputs, 2 * outputs, hasBias: true, device);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var both = projection.call(x).chunk(2, dim: -1);
        return (both[0] * both[1].gelu()).MoveToOuterDisposeScope();
    }
}
