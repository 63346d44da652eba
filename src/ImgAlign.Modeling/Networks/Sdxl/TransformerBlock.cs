using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Sdxl;

/// <summary>Self attention, cross attention and a gated feed-forward layer, each on normalised tokens and added to them (diffusers <c>BasicTransformerBlock</c>).</summary>
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
    public TransformerBlock(long width, long contextWidth, long heads, Device device) : base(nameof(TransformerBlock))
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
