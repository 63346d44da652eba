using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Clip;

/// <summary>The blocks of either tower, of which the last is run apart: the features that are used most are those before it.</summary>
internal sealed class ClipEncoder : nn.Module
{
    private readonly int depth;

    [ComponentName(Name = "layers")]
    private readonly ModuleList<ClipEncoderLayer> layers;

    /// <summary>Creates the blocks.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="causal">Whether a token sees only those before it.</param>
    /// <param name="hasLast">Whether the last block is there.</param>
    /// <param name="device">Where the weights are.</param>
    public ClipEncoder(ClipTowerConfig config, bool causal, bool hasLast, Device device)
        : base(nameof(ClipEncoder))
    {
        depth = config.NumHiddenLayers;
        layers = nn.ModuleList<ClipEncoderLayer>([
            .. Enumerable.Range(0, hasLast ? depth : depth - 1).Select(_ => new ClipEncoderLayer(config, causal, device)),
        ]);
        RegisterComponents();
    }

    /// <summary>Runs all blocks but the last: <c>hidden_states[-2]</c>.</summary>
    public Tensor RunToPenultimate(Tensor embeddings)
    {
        var x = embeddings.alias();
        foreach (var layer in layers.Take(depth - 1))
            x = layer.Consume(x);
        return x;
    }

    /// <summary>Runs the last block.</summary>
    public Tensor RunLast(Tensor penultimate) => layers[depth - 1].call(penultimate);

    /// <summary>Runs all blocks.</summary>
    public Tensor Run(Tensor embeddings)
    {
        using var penultimate = RunToPenultimate(embeddings);
        return RunLast(penultimate);
    }
}

/// <summary>A pre-norm transformer block of either tower (transformers <c>CLIPEncoderLayer</c>): <c>[B, N, w]</c> to <c>[B, N,
/// w]</c>.</summary>
internal sealed class ClipEncoderLayer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "layer_norm1")]
    private readonly LayerNorm layerNorm1;

    [ComponentName(Name = "self_attn")]
    private readonly ClipAttention selfAttention;

    [ComponentName(Name = "layer_norm2")]
    private readonly LayerNorm layerNorm2;

    [ComponentName(Name = "mlp")]
    private readonly ClipMlp mlp;

    public ClipEncoderLayer(ClipTowerConfig config, bool causal, Device device)
        : base(nameof(ClipEncoderLayer))
    {
        layerNorm1 = nn.LayerNorm(config.HiddenSize, config.LayerNormEps, device: device);
        selfAttention = new ClipAttention(config.HiddenSize, config.NumAttentionHeads, causal, device);
        layerNorm2 = nn.LayerNorm(config.HiddenSize, config.LayerNormEps, device: device);
        mlp = new ClipMlp(config.HiddenSize, config.IntermediateSize, config.HiddenAct, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = input.Plus(selfAttention.call(layerNorm1.call(input)));
        return x.Plus(mlp.call(layerNorm2.call(x))).MoveToOuterDisposeScope();
    }
}

/// <summary>Self-attention of either tower.</summary>
internal sealed class ClipAttention : nn.Module<Tensor, Tensor>
{
    private readonly int heads;
    private readonly bool causal;

    [ComponentName(Name = "q_proj")]
    private readonly CompactLinear query;

    [ComponentName(Name = "k_proj")]
    private readonly CompactLinear key;

    [ComponentName(Name = "v_proj")]
    private readonly CompactLinear value;

    [ComponentName(Name = "out_proj")]
    private readonly CompactLinear output;

    public ClipAttention(int width, int heads, bool causal, Device device)
        : base(nameof(ClipAttention))
    {
        this.heads = heads;
        this.causal = causal;
        query = new CompactLinear(width, width, hasBias: true, device);
        key = new CompactLinear(width, width, hasBias: true, device);
        value = new CompactLinear(width, width, hasBias: true, device);
        output = new CompactLinear(width, width, hasBias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var attended = Attention.Attend(query.call(x), key.call(x), value.call(x), heads, causal);
        return output.call(attended).MoveToOuterDisposeScope();
    }
}

/// <summary>The feed-forward of either tower.</summary>
internal sealed class ClipMlp : nn.Module<Tensor, Tensor>
{
    private readonly Func<Tensor, Tensor> activation;

    [ComponentName(Name = "fc1")]
    private readonly CompactLinear widen;

    [ComponentName(Name = "fc2")]
    private readonly CompactLinear narrow;

    public ClipMlp(long width, long innerWidth, string activation, Device device)
        : base(nameof(ClipMlp))
    {
        this.activation = Activation.ByName(activation);
        widen = new CompactLinear(width, innerWidth, hasBias: true, device);
        narrow = new CompactLinear(innerWidth, width, hasBias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return narrow.call(activation(widen.call(x))).MoveToOuterDisposeScope();
    }
}
