using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Linear = ImgAlign.Networks.Layers.Linear;

namespace ImgAlign.Networks.Flux;

/// <summary>A linear layer to several times the width with the tanh GELU, and one back (diffusers <c>FeedForward</c> with <c>gelu-approximate</c>).</summary>
internal sealed class FluxFeedForward : nn.Module<Tensor, Tensor>
{
    // The second entry is the dropout that counts in the checkpoint's names.
    [ComponentName(Name = "net")]
    private readonly ModuleList<nn.Module<Tensor, Tensor>> net;

    public FluxFeedForward(FluxConfig config, Device device) : base(nameof(FluxFeedForward))
    {
        net = new ModuleList<nn.Module<Tensor, Tensor>>(new ActivatedLinear(config.Width, config.MlpWidth, device), nn.Identity(), new Linear(config.MlpWidth, config.Width, hasBias: true, device));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => net[2].Consume(net[0].call(x));
}

/// <summary><c>gelu(proj(x))</c>.</summary>
internal sealed class ActivatedLinear : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "proj")]
    private readonly Linear projection;

    public ActivatedLinear(long inputs, long outputs, Device device) : base(nameof(ActivatedLinear))
    {
        projection = new Linear(inputs, outputs, hasBias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x) => projection.call(x).gelu_(GELU.Approximate.tanh);
}
