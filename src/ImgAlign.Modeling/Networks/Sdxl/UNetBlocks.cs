using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Sdxl;

/// <summary>The residual blocks of one resolution and the transformers behind them: what down, mid and up blocks have in common.</summary>
internal abstract class UNetBlock : nn.Module<Tensor, UNetStep, Tensor>
{
    [ComponentName(Name = "attentions")]
    private readonly ModuleList<Transformer2D> attentions;

    [ComponentName(Name = "resnets")]
    private readonly ModuleList<ResnetBlock> resnets;

    protected UNetBlock(SdxlUNetConfig config, UNetBlockPlan plan, Device device, string name)
        : base(name)
    {
        attentions = new ModuleList<Transformer2D>([
            .. plan
                .Layers.Where(layer => layer.TransformerLayers is not null)
                .Select(layer => new Transformer2D(config, layer.OutChannels, plan.Heads, layer.TransformerLayers!.Value, device)),
        ]);
        resnets = new ModuleList<ResnetBlock>([
            .. plan.Layers.Select(layer => new ResnetBlock(
                layer.InChannels,
                layer.OutChannels,
                config.TimeEmbeddingWidth,
                config.NormNumGroups,
                config.NormEps,
                device
            )),
        ]);
    }

    /// <summary>The attentions to the prompts, in order.</summary>
    public IEnumerable<UNetAttention> CrossAttentions => attentions.SelectMany(attention => attention.CrossAttentions);

    protected int LayerCount => resnets.Count;

    /// <summary>One residual block, and the transformer behind it where there is one.</summary>
    /// <returns>A new tensor.</returns>
    protected Tensor RunLayer(int index, Tensor x, UNetStep step)
    {
        var h = Recomputation.Run(step.RecomputesActivations, inputs => resnets[index].call(inputs[0], inputs[1]), x, step.ActivatedTime);
        if (index >= attentions.Count)
            return h;
        using (h)
            return attentions[index].call(h, step);
    }
}

/// <summary>A block on the way down; leaves the result of every layer for the way up (diffusers <c>DownBlock2D</c>,
/// <c>CrossAttnDownBlock2D</c>).</summary>
internal sealed class DownBlock : UNetBlock
{
    [ComponentName(Name = "downsamplers")]
    private readonly ModuleList<Downsampler> downsamplers;

    public DownBlock(SdxlUNetConfig config, UNetBlockPlan plan, Device device)
        : base(config, plan, device, nameof(DownBlock))
    {
        downsamplers = plan.Resamples
            ? new ModuleList<Downsampler>(new Downsampler(plan.OutChannels, padsAllSides: true, device))
            : new ModuleList<Downsampler>();
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, UNetStep step)
    {
        var h = x;
        for (var i = 0; i < LayerCount; i++)
            step.Skips.Push(h = RunLayer(i, h, step));
        foreach (var downsampler in downsamplers)
            step.Skips.Push(h = downsampler.call(h));
        return h; // owned by the step, like all that is left for the way up
    }
}

/// <summary>The block at the coarsest resolution (diffusers <c>UNetMidBlock2DCrossAttn</c>, <c>UNetMidBlock2D</c>).</summary>
internal sealed class MidBlock : UNetBlock
{
    public MidBlock(SdxlUNetConfig config, UNetBlockPlan plan, Device device)
        : base(config, plan, device, nameof(MidBlock)) => RegisterComponents();

    public override Tensor forward(Tensor x, UNetStep step)
    {
        using var scope = NewDisposeScope();
        var h = x;
        for (var i = 0; i < LayerCount; i++)
            h = RunLayer(i, h, step);
        return h.MoveToOuterDisposeScope();
    }
}

/// <summary>A block on the way up; joins what the way down left at the same resolution (diffusers <c>UpBlock2D</c>,
/// <c>CrossAttnUpBlock2D</c>).</summary>
internal sealed class UpBlock : UNetBlock
{
    [ComponentName(Name = "upsamplers")]
    private readonly ModuleList<Upsampler> upsamplers;

    public UpBlock(SdxlUNetConfig config, UNetBlockPlan plan, Device device)
        : base(config, plan, device, nameof(UpBlock))
    {
        upsamplers = plan.Resamples ? new ModuleList<Upsampler>(new Upsampler(plan.OutChannels, device)) : new ModuleList<Upsampler>();
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, UNetStep step)
    {
        using var scope = NewDisposeScope();
        var h = x;
        for (var i = 0; i < LayerCount; i++)
        {
            using var skip = step.Skips.Pop();
            using var joined = cat([h, skip], dim: 1);
            h = RunLayer(i, joined, step);
        }
        foreach (var upsampler in upsamplers)
            h = upsampler.call(h, step.Skips.Peek().shape[2..]);
        return h.MoveToOuterDisposeScope();
    }
}

/// <summary>Transformer layers on the pixels of a feature map (diffusers <c>Transformer2DModel</c>).</summary>
internal sealed class Transformer2D : nn.Module<Tensor, UNetStep, Tensor>
{
    private const double NormEps = 1e-6; // not the configuration's norm_eps

    private readonly bool projectsTokens;

    [ComponentName(Name = "norm")]
    private readonly GroupNorm norm;

    [ComponentName(Name = "proj_in")]
    private readonly nn.Module<Tensor, Tensor> projectIn;

    [ComponentName(Name = "transformer_blocks")]
    private readonly ModuleList<TransformerBlock> blocks;

    [ComponentName(Name = "proj_out")]
    private readonly nn.Module<Tensor, Tensor> projectOut;

    /// <summary>Creates the layers; their weights are uninitialised.</summary>
    /// <param name="config">The UNet's configuration.</param>
    /// <param name="channels">Channels of the feature map.</param>
    /// <param name="heads">Attention heads.</param>
    /// <param name="layers">Transformer layers.</param>
    /// <param name="device">Where its weights are.</param>
    public Transformer2D(SdxlUNetConfig config, long channels, long heads, int layers, Device device)
        : base(nameof(Transformer2D))
    {
        var width = heads * (channels / heads);
        projectsTokens = config.UseLinearProjection;
        norm = nn.GroupNorm(config.NormNumGroups, channels, NormEps, device: device);
        projectIn = Projection(channels, width);
        blocks = new ModuleList<TransformerBlock>([
            .. Enumerable.Range(0, layers).Select(_ => new TransformerBlock(width, config.CrossAttentionDim, heads, device)),
        ]);
        projectOut = Projection(width, channels);
        RegisterComponents();

        nn.Module<Tensor, Tensor> Projection(long inputs, long outputs) =>
            projectsTokens
                ? new CompactLinear(inputs, outputs, hasBias: true, device)
                : new Convolution2d(inputs, outputs, kernelSize: 1, device);
    }

    /// <summary>The attentions to the prompts, in order.</summary>
    public IEnumerable<UNetAttention> CrossAttentions => blocks.Select(block => block.CrossAttention);

    /// <summary>Runs the layers.</summary>
    /// <param name="x"><c>[B, C, h, w]</c>.</param>
    /// <param name="step">The prompts.</param>
    /// <returns><c>[B, C, h, w]</c>.</returns>
    public override Tensor forward(Tensor x, UNetStep step)
    {
        using var scope = NewDisposeScope();
        var (height, width) = (x.shape[2], x.shape[3]);
        var h = norm.call(x);
        h = projectsTokens ? projectIn.call(ToTokens(h)) : ToTokens(projectIn.call(h));
        foreach (var block in blocks)
            h = Run(block, h, step); // [B, h * w, C]
        h = projectsTokens ? ToMap(projectOut.call(h)) : projectOut.call(ToMap(h));
        return h.PlusInPlace(x).MoveToOuterDisposeScope();

        // Views, when the feature map is stored with its channels last.
        static Tensor ToTokens(Tensor map) => map.permute(0, 2, 3, 1).reshape(map.shape[0], -1, map.shape[1]);
        Tensor ToMap(Tensor tokens) => tokens.view(tokens.shape[0], height, width, -1).permute(0, 3, 1, 2);
    }

    private static Tensor Run(TransformerBlock block, Tensor tokens, UNetStep step) =>
        Recomputation.Run(
            step.RecomputesActivations,
            inputs => block.call(inputs[0], CrossAttentionContext.Of([.. inputs.Skip(1)])),
            [tokens, .. step.Conditioning.ContextOf(block.CrossAttention).Tensors]
        );
}

/// <summary>Self attention, cross attention and a gated feed-forward layer, each on normalised tokens and added to them (diffusers
/// <c>BasicTransformerBlock</c>).</summary>
internal sealed class TransformerBlock : nn.Module<Tensor, CrossAttentionContext, Tensor>
{
    [ComponentName(Name = "norm1")]
    private readonly LayerNorm norm1;

    [ComponentName(Name = "attn1")]
    private readonly UNetAttention selfAttention;

    [ComponentName(Name = "norm2")]
    private readonly LayerNorm norm2;

    [ComponentName(Name = "attn2")]
    private readonly UNetAttention crossAttention;

    [ComponentName(Name = "norm3")]
    private readonly LayerNorm norm3;

    [ComponentName(Name = "ff")]
    private readonly FeedForward feedForward;

    /// <summary>Creates the layers; their weights are uninitialised.</summary>
    /// <param name="width">Width of the tokens.</param>
    /// <param name="contextWidth">Width of the text features.</param>
    /// <param name="heads">The number of heads.</param>
    /// <param name="device">Where its weights are.</param>
    public TransformerBlock(long width, long contextWidth, long heads, Device device)
        : base(nameof(TransformerBlock))
    {
        norm1 = nn.LayerNorm(width, device: device);
        selfAttention = new UNetAttention(width, width, heads, device);
        norm2 = nn.LayerNorm(width, device: device);
        crossAttention = new UNetAttention(width, contextWidth, heads, device);
        norm3 = nn.LayerNorm(width, device: device);
        feedForward = new FeedForward(width, device);
        RegisterComponents();
    }

    /// <summary>The attention to the prompts.</summary>
    public UNetAttention CrossAttention => crossAttention;

    /// <summary>Runs the block.</summary>
    /// <param name="tokens"><c>[B, N, C]</c>.</param>
    /// <param name="prompts">What the cross attention attends to.</param>
    /// <returns><c>[B, N, C]</c>.</returns>
    public override Tensor forward(Tensor tokens, CrossAttentionContext prompts)
    {
        using var scope = NewDisposeScope();
        var h = AttendToSelf(tokens).PlusInPlace(tokens);
        h = crossAttention.call(norm2.call(h), prompts).PlusInPlace(h);
        return feedForward.call(norm3.call(h)).PlusInPlace(h).MoveToOuterDisposeScope();
    }

    private Tensor AttendToSelf(Tensor tokens)
    {
        using var scope = NewDisposeScope();
        var normalised = norm1.call(tokens);
        return selfAttention.call(normalised, new(selfAttention.Project(normalised), Image: null)).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// Attention of the UNet to its own tokens or to the text, and, decoupled from it, to an image prompt:
/// <c>to_out(attn(q, k, v) + attn(q, k_image, scale * v_image))</c> (IP-Adapter, Eq. 5).
/// </summary>
internal sealed class UNetAttention : nn.Module<Tensor, CrossAttentionContext, Tensor>
{
    private readonly long heads;

    [ComponentName(Name = "to_q")]
    private readonly CompactLinear toQueries;

    [ComponentName(Name = "to_k")]
    private readonly CompactLinear toKeys;

    [ComponentName(Name = "to_v")]
    private readonly CompactLinear toValues;

    [ComponentName(Name = "to_out")]
    private readonly ModuleList<CompactLinear> toOut;

    /// <summary>Creates the layers; their weights are uninitialised.</summary>
    /// <param name="width">Width of the tokens.</param>
    /// <param name="contextWidth">Width of what they attend to.</param>
    /// <param name="heads">The number of heads.</param>
    /// <param name="device">Where its weights are.</param>
    public UNetAttention(long width, long contextWidth, long heads, Device device)
        : base(nameof(UNetAttention))
    {
        this.heads = heads;
        toQueries = new CompactLinear(width, width, hasBias: false, device);
        toKeys = new CompactLinear(contextWidth, width, hasBias: false, device);
        toValues = new CompactLinear(contextWidth, width, hasBias: false, device);
        toOut = new ModuleList<CompactLinear>(new CompactLinear(width, width, hasBias: true, device));
        RegisterComponents();
    }

    /// <summary>Keys and values of what is attended to.</summary>
    /// <param name="context"><c>[B, M, d]</c>.</param>
    public KeysAndValues Project(Tensor context) => Split(toKeys.call(context), toValues.call(context));

    /// <summary>Gives an image prompt's projections the weights of the text's.</summary>
    public void CopyContextWeights(ImagePromptProjection projection) => projection.Copy(toKeys.Weight, toValues.Weight);

    /// <summary>Splits keys and values that were projected elsewhere, <c>[B, M, H * dh]</c>, into this attention's heads; views.</summary>
    public KeysAndValues Split(Tensor keys, Tensor values) => new(Attention.Split(keys, heads), Attention.Split(values, heads));

    /// <summary>Attends.</summary>
    /// <param name="x">The tokens, <c>[B, N, C]</c>.</param>
    /// <param name="context">What they attend to.</param>
    /// <returns><c>[B, N, C]</c>.</returns>
    public override Tensor forward(Tensor x, CrossAttentionContext context)
    {
        using var scope = NewDisposeScope();
        var queries = Attention.Split(toQueries.call(x), heads);
        var attended = Attention.AttendHeads(queries, context.Text.Keys, context.Text.Values);
        if (context.Image is { } image)
            attended = attended.Plus(Attention.AttendHeads(queries, image.Keys, image.Values));
        return toOut[0].call(Attention.Merge(attended)).MoveToOuterDisposeScope();
    }
}

/// <summary>A gated linear layer to four times the width, and a linear layer back (diffusers <c>FeedForward</c> with
/// <c>geglu</c>).</summary>
internal sealed class FeedForward : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "net")]
    private readonly ModuleList<nn.Module<Tensor, Tensor>> net;

    /// <summary>Creates the layers; their weights are uninitialised.</summary>
    /// <param name="width">Width of the tokens.</param>
    /// <param name="device">Where its weights are.</param>
    public FeedForward(long width, Device device)
        : base(nameof(FeedForward))
    {
        // The second entry is the dropout that counts in the checkpoint's names.
        net = new ModuleList<nn.Module<Tensor, Tensor>>(
            new GatedLinear(width, 4 * width, device),
            nn.Identity(),
            new CompactLinear(4 * width, width, hasBias: true, device)
        );
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor x)
    {
        var h = net[0].call(x);
        foreach (var layer in net.Skip(1))
            h = layer.Consume(h);
        return h;
    }
}

/// <summary><c>[a, g] = proj(x)</c>, then <c>a * gelu(g)</c> with the exact GELU (diffusers <c>GEGLU</c>).</summary>
internal sealed class GatedLinear : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "proj")]
    private readonly CompactLinear projection;

    /// <summary>Creates the layer; its weights are uninitialised.</summary>
    /// <param name="inputs">Width in.</param>
    /// <param name="outputs">Width out.</param>
    /// <param name="device">Where its weights are.</param>
    public GatedLinear(long inputs, long outputs, Device device)
        : base(nameof(GatedLinear))
    {
        projection = new CompactLinear(inputs, 2 * outputs, hasBias: true, device);
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
