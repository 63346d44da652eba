using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Linear = ImgAlign.Networks.Layers.Linear;

namespace ImgAlign.Networks.Vae;

/// <summary>Self-attention over all places of a feature map, with one head of full width (diffusers <c>Attention</c> in a VAE).</summary>
internal sealed class VaeAttention : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "group_norm")]
    private readonly GroupNorm norm;

    [ComponentName(Name = "to_q")]
    private readonly Linear query;

    [ComponentName(Name = "to_k")]
    private readonly Linear key;

    [ComponentName(Name = "to_v")]
    private readonly Linear value;

    [ComponentName(Name = "to_out")]
    private readonly ModuleList<Linear> output;

    public VaeAttention(long channels, long groups, Device device) : base(nameof(VaeAttention))
    {
        norm = nn.GroupNorm(groups, channels, VaeLayers.Eps, device: device);
        query = new Linear(channels, channels, hasBias: true, device);
        key = new Linear(channels, channels, hasBias: true, device);
        value = new Linear(channels, channels, hasBias: true, device);
        output = nn.ModuleList(new Linear(channels, channels, hasBias: true, device));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var pixels = norm.call(x).permute(0, 2, 3, 1);
        var tokens = pixels.flatten(1, 2);  // [B, h w, C]
        var attended = Attention.Attend(query.call(tokens), key.call(tokens), value.call(tokens), heads: 1);
        var change = output[0].call(attended).view(pixels.shape).permute(0, 3, 1, 2);  // [B, C, h, w]
        return change.PlusInPlace(x).MoveToOuterDisposeScope();
    }
}
