using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Linear = ImgAlign.Networks.Layers.Linear;

namespace ImgAlign.Networks.Perceiver;

/// <summary>
/// Attention from latents to a context and, after it, to the latents themselves (Perceiver Resampler of Flamingo). The reference scales
/// queries and keys by <c>dh^-1/4</c> each, which is the usual <c>dh^-1/2</c>.
/// </summary>
internal sealed class PerceiverAttention : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly long heads;

    [ComponentName(Name = "norm1")]
    private readonly LayerNorm contextNorm;

    [ComponentName(Name = "norm2")]
    private readonly LayerNorm latentNorm;

    [ComponentName(Name = "to_q")]
    private readonly Linear query;

    [ComponentName(Name = "to_kv")]
    private readonly Linear keyAndValue;

    [ComponentName(Name = "to_out")]
    private readonly Linear output;

    public PerceiverAttention(PerceiverConfig config, Device device) : base(nameof(PerceiverAttention))
    {
        heads = config.Heads;
        contextNorm = nn.LayerNorm(config.Width, device: device);
        latentNorm = nn.LayerNorm(config.Width, device: device);
        query = new Linear(config.Width, config.InnerWidth, hasBias: false, device);
        keyAndValue = new Linear(config.Width, 2 * config.InnerWidth, hasBias: false, device);
        output = new Linear(config.InnerWidth, config.Width, hasBias: false, device);
        RegisterComponents();
    }

    /// <summary>Keys and values of the context, <c>[B, N, w]</c> to <c>[B, N, 2 H dh]</c>.</summary>
    public Tensor Prepare(Tensor context)
    {
        using var normalized = contextNorm.call(context);
        return keyAndValue.call(normalized);
    }

    public override Tensor forward(Tensor latents, Tensor contextKeysAndValues)
    {
        using var scope = NewDisposeScope();
        var normalized = latentNorm.call(latents);
        var keysAndValues = cat([contextKeysAndValues, keyAndValue.call(normalized)], 1).chunk(2, -1);  // each [B, N + n, H dh]
        var attended = Attention.Attend(query.call(normalized), keysAndValues[0], keysAndValues[1], heads);
        return output.call(attended).MoveToOuterDisposeScope();
    }
}
