using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Qwen2Vl;

/// <summary>HPSv3's head: from a token's state <c>[B, D]</c> to the mean of the preference and the logarithm of its deviation, <c>[B,
/// 2]</c>. It runs in float32, as published.</summary>
public sealed class PreferenceHead : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "rm_head")]
    private readonly Sequential layers;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="width">The width of the state, D.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public PreferenceHead(long width, Device device)
        : base(nameof(PreferenceHead))
    {
        // The numbers count dropout, which is off.
        layers = nn.Sequential(
            ("0", new CompactLinear(width, 1024, hasBias: true, device)),
            ("1", nn.ReLU()),
            ("3", new CompactLinear(1024, 16, hasBias: true, device)),
            ("4", nn.ReLU()),
            ("5", new CompactLinear(16, 2, hasBias: true, device))
        );
        RegisterComponents();
    }

    /// <summary>How the parameters are named in a published file; the rest of it is left alone.</summary>
    public static WeightMap Names { get; } =
        new(static name => new WeightSource.Whole(name), static name => !name.StartsWith("rm_head.", StringComparison.Ordinal));

    /// <inheritdoc/>
    public override Tensor forward(Tensor state)
    {
        TensorDevice.Require(this, ((CompactLinear)layers[0]).Weight.device, state);
        return layers.call(state);
    }
}
