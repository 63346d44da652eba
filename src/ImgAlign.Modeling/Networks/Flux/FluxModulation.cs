using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Linear = ImgAlign.Networks.Layers.Linear;

namespace ImgAlign.Networks.Flux;

/// <summary>Shifts, scales and gates of a block from the step's vector (diffusers <c>AdaLayerNormZero</c>, FLUX <c>Modulation</c>).</summary>
internal sealed class FluxModulation : nn.Module<Tensor, Tensor>
{
    private readonly int count;

    [ComponentName(Name = "linear")]
    private readonly Linear linear;

    /// <summary>Creates the layer; its weights are uninitialised.</summary>
    /// <param name="width">Width of the tokens.</param>
    /// <param name="count">The number of sublayers that are modulated.</param>
    /// <param name="device">Where its weights are.</param>
    public FluxModulation(long width, int count, Device device) : base(nameof(FluxModulation))
    {
        this.count = count;
        linear = new Linear(width, 3 * count * width, hasBias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor activatedVector) => linear.call(activatedVector);

    /// <summary>One a sublayer.</summary>
    public Modulation[] Of(FluxStep step)
    {
        var parts = call(step.ActivatedVector).unsqueeze(1).chunk(3 * count, -1);  // each [B, 1, w]
        return [.. parts.Chunk(3).Select(part => new Modulation(part[0], part[1].Plus(1), part[2]))];
    }
}

/// <summary>How one sublayer is modulated; each part is <c>[B, 1, w]</c>.</summary>
internal sealed record Modulation(Tensor Shift, Tensor Factor, Tensor Gate)
{
    /// <summary>What enters the sublayer: <c>norm(x) (1 + scale) + shift</c>.</summary>
    public Tensor Enter(Tensor x) => Normalize(x, Shift, Factor);

    /// <summary>What leaves it: <c>x + gate y</c>.</summary>
    public Tensor Leave(Tensor x, Tensor y) => x.PlusProduct(Gate, y);

    /// <summary>A layer norm without weights of its own, then a factor and a shift.</summary>
    public static Tensor Normalize(Tensor x, Tensor shift, Tensor factor)
    {
        using var normalized = nn.functional.layer_norm(x, [x.shape[^1]], eps: 1e-6);
        return shift.PlusProduct(normalized, factor);
    }
}
