using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Linear = ImgAlign.Networks.Layers.Linear;

namespace ImgAlign.Networks.Sdxl;

/// <summary>A gated linear layer to four times the width, and a linear layer back (diffusers <c>FeedForward</c> with <c>geglu</c>).</summary>
internal sealed class FeedForward : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "net")]
    private readonly ModuleList<nn.Module<Tensor, Tensor>> net;

    /// <summary>Creates the layers; their weights are uninitialised.</summary>
    /// <param name="width">Width of the tokens.</param>
    /// <param name="device">Where its weights are.</param>
    public FeedForward(long width, Device device) : base(nameof(FeedForward))
    {
        // The second entry is the dropout that counts in the checkpoint's names.
        net = new ModuleList<nn.Module<Tensor, Tensor>>(new GatedLinear(width, 4 * width, device), nn.Identity(), new Linear(4 * width, width, hasBias: true, device));
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor x)
    {
        var h = net[0].call(x);
        foreach (var layer in net.Skip(1)) h = layer.Consume(h);
        return h;
    }
}
