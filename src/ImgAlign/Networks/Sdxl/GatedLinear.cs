using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Sdxl;

/// <summary><c>[a, g] = proj(x)</c>, then <c>a * gelu(g)</c> with the exact GELU (diffusers <c>GEGLU</c>).</summary>
internal sealed class GatedLinear : nn.Module<Tensor, Tensor>
{
    private readonly long outputs;

    [ComponentName(Name = "proj")]
    private readonly Linear projection;

    /// <summary>Creates the layer; its weights are uninitialised.</summary>
    /// <param name="inputs">Width in.</param>
    /// <param name="outputs">Width out.</param>
    /// <param name="device">Where its weights are.</param>
    public GatedLinear(long inputs, long outputs, Device device) : base(nameof(GatedLinear))
    {
        this.outputs = outputs;
        projection = new Linear(inputs, 2 * outputs, hasBias: true, device);
        RegisterComponents();
    }

    /// <summary>The layer of both results, which is not run as a whole here.</summary>
    public Linear Projection => projection;

    /// <inheritdoc/>
    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        // Two products, as views of the one weight: both results are contiguous and can be changed in place.
        var value = projection.Outputs(x, 0, outputs);
        var gate = projection.Outputs(x, outputs, outputs);
        return value.mul_(gate.gelu_()).MoveToOuterDisposeScope();
    }
}
