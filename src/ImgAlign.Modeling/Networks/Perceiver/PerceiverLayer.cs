using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Perceiver;

/// <summary>
/// Latents read a context, then a feed-forward; both residual. What is read of the context does not depend on the latents and is made
/// once, by <see cref="Prepare"/>.
/// </summary>
internal sealed class PerceiverLayer : nn.Module<Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "0")]
    private readonly PerceiverAttention attention;

    [ComponentName(Name = "1")]
    private readonly PerceiverFeedForward feedForward;

    public PerceiverLayer(PerceiverConfig config, Device device)
        : base(nameof(PerceiverLayer))
    {
        attention = new PerceiverAttention(config, device);
        feedForward = new PerceiverFeedForward(config, device);
        RegisterComponents();
    }

    /// <summary>Keys and values of the context, <c>[B, N, w]</c> to <c>[B, N, 2 H dh]</c>.</summary>
    public Tensor Prepare(Tensor context) => attention.Prepare(context);

    /// <summary>Runs the layer on a context that nothing else is made of.</summary>
    /// <param name="latents"><c>[B, n, w]</c>.</param>
    /// <param name="context"><c>[B, N, w]</c>.</param>
    /// <param name="recomputes">Whether activations are computed again for their gradients instead of kept.</param>
    /// <returns><c>[B, n, w]</c>.</returns>
    public Tensor Read(Tensor latents, Tensor context, bool recomputes = false) =>
        Recomputation.Run(
            recomputes,
            inputs =>
            {
                using var keysAndValues = Prepare(inputs[1]);
                return call(inputs[0], keysAndValues);
            },
            latents,
            context
        );

    /// <summary>Runs the layer.</summary>
    /// <param name="latents"><c>[B, n, w]</c>.</param>
    /// <param name="keysAndValues">Made by <see cref="Prepare"/>.</param>
    /// <returns><c>[B, n, w]</c>.</returns>
    public override Tensor forward(Tensor latents, Tensor keysAndValues)
    {
        using var scope = NewDisposeScope();
        var y = latents.Plus(attention.call(latents, keysAndValues));
        return y.Plus(feedForward.call(y)).MoveToOuterDisposeScope();
    }
}

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
    private readonly CompactLinear query;

    [ComponentName(Name = "to_kv")]
    private readonly CompactLinear keyAndValue;

    [ComponentName(Name = "to_out")]
    private readonly CompactLinear output;

    public PerceiverAttention(PerceiverConfig config, Device device)
        : base(nameof(PerceiverAttention))
    {
        heads = config.Heads;
        contextNorm = nn.LayerNorm(config.Width, device: device);
        latentNorm = nn.LayerNorm(config.Width, device: device);
        query = new CompactLinear(config.Width, config.InnerWidth, hasBias: false, device);
        keyAndValue = new CompactLinear(config.Width, 2 * config.InnerWidth, hasBias: false, device);
        output = new CompactLinear(config.InnerWidth, config.Width, hasBias: false, device);
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
        var keysAndValues = cat([contextKeysAndValues, keyAndValue.call(normalized)], 1).chunk(2, -1); // each [B, N + n, H dh]
        var attended = Attention.Attend(query.call(normalized), keysAndValues[0], keysAndValues[1], heads);
        return output.call(attended).MoveToOuterDisposeScope();
    }
}

/// <summary>Norm, a wider linear layer, exact GELU, and back; named by the positions in the reference's list.</summary>
internal sealed class PerceiverFeedForward : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "0")]
    private readonly LayerNorm norm;

    [ComponentName(Name = "1")]
    private readonly CompactLinear widen;

    [ComponentName(Name = "3")]
    private readonly CompactLinear narrow;

    public PerceiverFeedForward(PerceiverConfig config, Device device)
        : base(nameof(PerceiverFeedForward))
    {
        norm = nn.LayerNorm(config.Width, device: device);
        widen = new CompactLinear(config.Width, config.FeedForwardWidth, hasBias: false, device);
        narrow = new CompactLinear(config.FeedForwardWidth, config.Width, hasBias: false, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return narrow.call(nn.functional.gelu(widen.call(norm.call(x)))).MoveToOuterDisposeScope();
    }
}
