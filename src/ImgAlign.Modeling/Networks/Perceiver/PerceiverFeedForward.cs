using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Linear = ImgAlign.Networks.Layers.Linear;

namespace ImgAlign.Networks.Perceiver;

/// <summary>Norm, a wider linear layer, exact GELU, and back; named by the positions in the reference's list.</summary>
internal sealed class PerceiverFeedForward : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "0")]
    private readonly LayerNorm norm;

    [ComponentName(Name = "1")]
    private readonly Linear widen;

    [ComponentName(Name = "3")]
    private readonly Linear narrow;

    public PerceiverFeedForward(PerceiverConfig config, Device device) : base(nameof(PerceiverFeedForward))
    {
        norm = nn.LayerNorm(config.Width, device: device);
        widen = new Linear(config.Width, config.FeedForwardWidth, hasBias: false, device);
        narrow = new Linear(config.FeedForwardWidth, config.Width, hasBias: false, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return narrow.call(nn.functional.gelu(widen.call(norm.call(x)))).MoveToOuterDisposeScope();
    }
}
