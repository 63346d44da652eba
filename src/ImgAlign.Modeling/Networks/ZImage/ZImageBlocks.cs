using ImgAlign.Networks.Flux;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.ZImage;

/// <summary>What blocks share in one pass.</summary>
/// <param name="Time">The embedded time, <c>[B, 256]</c>; null in blocks without modulation.</param>
/// <param name="Rotations">The rotation of each position.</param>
/// <param name="Mask">Which positions take part; null: all do.</param>
internal sealed record ZImageStep(Tensor? Time, Tensor Rotations, Tensor? Mask);

/// <summary>
/// Attention and SwiGLU, each between two norms (diffusers <c>ZImageTransformerBlock</c>). Where it is modulated, the time scales what
/// enters and gates what leaves, by a tanh.
/// </summary>
internal sealed class ZImageBlock : nn.Module<Tensor, ZImageStep, Tensor>
{
    [ComponentName(Name = "attention")]
    private readonly ZImageAttention attention;

    [ComponentName(Name = "feed_forward")]
    private readonly ZImageFeedForward feedForward;

    [ComponentName(Name = "attention_norm1")]
    private readonly RmsNorm attentionNorm1;

    [ComponentName(Name = "ffn_norm1")]
    private readonly RmsNorm feedForwardNorm1;

    [ComponentName(Name = "attention_norm2")]
    private readonly RmsNorm attentionNorm2;

    [ComponentName(Name = "ffn_norm2")]
    private readonly RmsNorm feedForwardNorm2;

    [ComponentName(Name = "adaLN_modulation")]
    private readonly Sequential? modulation;

    public ZImageBlock(ZImageConfig config, bool isModulated, Device device)
        : base(nameof(ZImageBlock))
    {
        attention = new ZImageAttention(config, device);
        feedForward = new ZImageFeedForward(config, device);
        (attentionNorm1, feedForwardNorm1, attentionNorm2, feedForwardNorm2) = (Norm(), Norm(), Norm(), Norm());
        modulation = isModulated ? nn.Sequential(("0", new CompactLinear(config.TimeWidth, 4L * config.Dim, hasBias: true, device))) : null;
        RegisterComponents();

        RmsNorm Norm() => new(config.Dim, config.NormEps, device);
    }

    public override Tensor forward(Tensor x, ZImageStep step)
    {
        using var scope = NewDisposeScope();
        if (modulation is null)
        {
            x = x.Plus(attentionNorm2.call(attention.call(attentionNorm1.call(x), step)));
            return x.Plus(feedForwardNorm2.call(feedForward.call(feedForwardNorm1.call(x)))).MoveToOuterDisposeScope();
        }
        var parts = modulation.call(step.Time!).unsqueeze(1).chunk(4, -1); // each [B, 1, w]
        var attended = attention.call(attentionNorm1.call(x) * parts[0].Plus(1), step);
        x = x.PlusProduct(parts[1].tanh(), attentionNorm2.call(attended));
        var fed = feedForward.call(feedForwardNorm1.call(x) * parts[2].Plus(1));
        return x.PlusProduct(parts[3].tanh(), feedForwardNorm2.call(fed)).MoveToOuterDisposeScope();
    }
}

/// <summary>Self-attention with normed queries and keys and rotations on three axes: <c>[B, N, w]</c> to <c>[B, N, w]</c>.</summary>
internal sealed class ZImageAttention : nn.Module<Tensor, ZImageStep, Tensor>
{
    private const double NormEpsilon = 1e-5; // whatever the configuration says

    private readonly long heads;

    [ComponentName(Name = "to_q")]
    private readonly CompactLinear queries;

    [ComponentName(Name = "to_k")]
    private readonly CompactLinear keys;

    [ComponentName(Name = "to_v")]
    private readonly CompactLinear values;

    [ComponentName(Name = "norm_q")]
    private readonly RmsNorm queryNorm;

    [ComponentName(Name = "norm_k")]
    private readonly RmsNorm keyNorm;

    [ComponentName(Name = "to_out")]
    private readonly ModuleList<CompactLinear> output;

    public ZImageAttention(ZImageConfig config, Device device)
        : base(nameof(ZImageAttention))
    {
        heads = config.NHeads;
        (queries, keys, values) = (Projection(), Projection(), Projection());
        (queryNorm, keyNorm) = (Norm(), Norm());
        output = nn.ModuleList(Projection());
        RegisterComponents();

        CompactLinear Projection() => new(config.Dim, config.Dim, hasBias: false, device);
        RmsNorm Norm() => new(config.HeadWidth, NormEpsilon, device);
    }

    public override Tensor forward(Tensor x, ZImageStep step)
    {
        using var scope = NewDisposeScope();
        var q = AxialRope.Rotate(queryNorm.call(Split(queries.call(x))), step.Rotations); // [B, N, H, dh]
        var k = AxialRope.Rotate(keyNorm.call(Split(keys.call(x))), step.Rotations);
        var v = Split(values.call(x));
        var attended = Attention.AttendHeads(q.transpose(1, 2), k.transpose(1, 2), v.transpose(1, 2), bias: step.Mask);
        return output[0].call(Attention.Merge(attended)).MoveToOuterDisposeScope();
    }

    private Tensor Split(Tensor x) => x.view(x.shape[0], x.shape[1], heads, -1);
}

/// <summary><c>w2(silu(w1 x) * w3 x)</c>.</summary>
internal sealed class ZImageFeedForward : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "w1")]
    private readonly CompactLinear gate;

    [ComponentName(Name = "w2")]
    private readonly CompactLinear narrow;

    [ComponentName(Name = "w3")]
    private readonly CompactLinear widen;

    public ZImageFeedForward(ZImageConfig config, Device device)
        : base(nameof(ZImageFeedForward))
    {
        gate = new CompactLinear(config.Dim, config.InnerWidth, hasBias: false, device);
        narrow = new CompactLinear(config.InnerWidth, config.Dim, hasBias: false, device);
        widen = new CompactLinear(config.Dim, config.InnerWidth, hasBias: false, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return narrow.call(nn.functional.silu(gate.call(x)).mul_(widen.call(x))).MoveToOuterDisposeScope();
    }
}

/// <summary>The embedding of a time from 0 (noise) to 1 (picture): <c>[B]</c> to <c>[B, 256]</c>.</summary>
internal sealed class ZImageTimeEmbedding : nn.Module<Tensor, Tensor>
{
    private const int SinusoidWidth = 256,
        InnerWidth = 1024;

    private readonly SinusoidalEmbedding sinusoids = new(SinusoidWidth, cosineFirst: true, frequencyShift: 0);
    private readonly double scale;
    private readonly Func<ScalarType> type;

    [ComponentName(Name = "mlp")]
    private readonly Sequential mlp;

    public ZImageTimeEmbedding(ZImageConfig config, Device device)
        : base(nameof(ZImageTimeEmbedding))
    {
        scale = config.TScale;
        var first = new CompactLinear(SinusoidWidth, InnerWidth, hasBias: true, device);
        type = () => first.Bias!.dtype;
        mlp = nn.Sequential(("0", first), ("1", nn.SiLU()), ("2", new CompactLinear(InnerWidth, config.TimeWidth, hasBias: true, device)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor time)
    {
        using var scope = NewDisposeScope();
        return mlp.call(sinusoids.call(time.to(float32).Times(scale)).to(type())).MoveToOuterDisposeScope();
    }
}

/// <summary>The norm and the layer behind the blocks: tokens <c>[B, N, w]</c> and the time to <c>[B, N, 4C]</c>.</summary>
internal sealed class ZImageFinalLayer : nn.Module<Tensor, Tensor, Tensor>
{
    private const double NormEpsilon = 1e-6;

    [ComponentName(Name = "linear")]
    private readonly CompactLinear linear;

    [ComponentName(Name = "adaLN_modulation")]
    private readonly Sequential modulation;

    public ZImageFinalLayer(ZImageConfig config, Device device)
        : base(nameof(ZImageFinalLayer))
    {
        linear = new CompactLinear(config.Dim, config.PatchWidth, hasBias: true, device);
        modulation = nn.Sequential(("0", nn.SiLU()), ("1", new CompactLinear(config.TimeWidth, config.Dim, hasBias: true, device)));
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor time)
    {
        using var scope = NewDisposeScope();
        var factor = modulation.call(time).unsqueeze(1).Plus(1); // [B, 1, w]
        var normed = nn.functional.layer_norm(x, [x.shape[^1]], eps: NormEpsilon);
        return linear.call(normed * factor).MoveToOuterDisposeScope();
    }
}

/// <summary>The one layer that there is of a kind, under the name of its patches' size.</summary>
/// <typeparam name="T">The layer.</typeparam>
internal sealed class ByPatchSize<T> : nn.Module
    where T : nn.Module
{
    [ComponentName(Name = "2-1")]
    private readonly T layer;

    public ByPatchSize(T layer)
        : base(nameof(ByPatchSize<>))
    {
        this.layer = layer;
        RegisterComponents();
    }

    public T Layer => layer;
}
