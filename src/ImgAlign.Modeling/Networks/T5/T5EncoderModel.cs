using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using ImgAlign.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.T5;

/// <summary>
/// The encoder of T5 1.1 (transformers <c>T5EncoderModel</c>): token ids <c>[B, L]</c>, int64, to features <c>[B, L, d]</c>. Every token
/// attends to every other, padding too, as FLUX was trained. It overflows in float16: run it in bfloat16 or float32.
/// </summary>
public sealed class T5EncoderModel : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "shared")]
    private readonly EmbeddingTable shared;

    [ComponentName(Name = "encoder")]
    private readonly T5Stack encoder;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public T5EncoderModel(T5Config config, Device device)
        : base(nameof(T5EncoderModel))
    {
        shared = new EmbeddingTable(config.VocabSize, config.DModel, device);
        encoder = new T5Stack(config, device);
        RegisterComponents();
    }

    /// <summary>The encoder of a checkpoint.</summary>
    /// <exception cref="CheckpointException">There is none, or there are several.</exception>
    public static CheckpointPart Find(Checkpoint file) =>
        CheckpointPart.Find(file, "T5 text encoder", new Landmark("encoder.block.0.layer.0.SelfAttention.q.weight"));

    /// <summary>How this network's parameters are named in a published file; a decoder in the same file is left alone.</summary>
    /// <param name="checkpoint">The file. The embedding is <c>shared</c>, or <c>encoder.embed_tokens</c> where only that is there; a copy
    /// is ignored.</param>
    public static WeightMap Names(Checkpoint checkpoint)
    {
        var embedding = checkpoint.Tensors.ContainsKey(SharedEmbedding) ? SharedEmbedding : EncoderEmbedding;
        return new WeightMap(
            name => new WeightSource.Whole(name == SharedEmbedding ? embedding : name),
            static name =>
                name is SharedEmbedding or EncoderEmbedding or "lm_head.weight" || name.StartsWith("decoder.", StringComparison.Ordinal)
        );
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor inputIds)
    {
        TensorDevice.Require(this, shared.Weight.device, inputIds);
        using var embedded = shared.call(inputIds);
        return encoder.call(embedded);
    }

    /// <summary>What all blocks add to their attention's scores, <c>[1, heads, L, L]</c>.</summary>
    public Tensor PositionBias(long length) => encoder.PositionBias(length);

    private const string SharedEmbedding = "shared.weight";
    private const string EncoderEmbedding = "encoder.embed_tokens.weight";
}

/// <summary>The blocks and the norm behind them.</summary>
internal sealed class T5Stack : nn.Module<Tensor, Tensor>, IBlockNetwork
{
    [ComponentName(Name = "block")]
    private readonly ModuleList<T5Block> blocks;

    private readonly BlockSequence<T5Block> sequence;

    [ComponentName(Name = "final_layer_norm")]
    private readonly RmsNorm finalNorm;

    public T5Stack(T5Config config, Device device)
        : base(nameof(T5Stack))
    {
        blocks = nn.ModuleList<T5Block>([
            .. Enumerable.Range(0, config.NumLayers).Select(i => new T5Block(config, hasPositions: i == 0, device)),
        ]);
        sequence = new(blocks);
        finalNorm = new RmsNorm(config.DModel, config.LayerNormEpsilon, device);
        RegisterComponents();
    }

    BlockSequence IBlockNetwork.Blocks => sequence;

    /// <summary>The first block's table serves all.</summary>
    public Tensor PositionBias(long length) => blocks[0].PositionBias(length);

    public override Tensor forward(Tensor embedded)
    {
        using var scope = NewDisposeScope();
        Tensor? bias = null;
        var x = embedded.alias();
        foreach (var block in sequence.InTurn())
        {
            bias ??= block.PositionBias(embedded.shape[1]);
            using var previous = x;
            x = block.call(previous, bias);
        }
        return finalNorm.Consume(x).MoveToOuterDisposeScope();
    }
}

/// <summary>A pre-norm block (transformers <c>T5Block</c>): self-attention with a position bias, then a gated feed-forward.</summary>
internal sealed class T5Block : nn.Module<Tensor, Tensor, Tensor>
{
    // Both parts are entries of one list in the checkpoint.
    [ComponentName(Name = "layer")]
    private readonly ModuleList<nn.Module> layers;

    public T5Block(T5Config config, bool hasPositions, Device device)
        : base(nameof(T5Block))
    {
        layers = new ModuleList<nn.Module>(new T5SelfAttentionLayer(config, hasPositions, device), new T5FeedForwardLayer(config, device));
        RegisterComponents();
    }

    public Tensor PositionBias(long length) => SelfAttention.PositionBias(length);

    public override Tensor forward(Tensor input, Tensor bias)
    {
        using var x = SelfAttention.call(input, bias);
        return FeedForward.call(x);
    }

    private T5SelfAttentionLayer SelfAttention => (T5SelfAttentionLayer)layers[0];

    private T5FeedForwardLayer FeedForward => (T5FeedForwardLayer)layers[1];
}

/// <summary><c>x + attention(norm(x))</c>.</summary>
internal sealed class T5SelfAttentionLayer : nn.Module<Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "SelfAttention")]
    private readonly T5Attention attention;

    [ComponentName(Name = "layer_norm")]
    private readonly RmsNorm norm;

    public T5SelfAttentionLayer(T5Config config, bool hasPositions, Device device)
        : base(nameof(T5SelfAttentionLayer))
    {
        attention = new T5Attention(config, hasPositions, device);
        norm = new RmsNorm(config.DModel, config.LayerNormEpsilon, device);
        RegisterComponents();
    }

    public Tensor PositionBias(long length) => attention.PositionBias(length);

    public override Tensor forward(Tensor x, Tensor bias)
    {
        using var scope = NewDisposeScope();
        return x.Plus(attention.call(norm.call(x), bias)).MoveToOuterDisposeScope();
    }
}

/// <summary><c>x + feed_forward(norm(x))</c>.</summary>
internal sealed class T5FeedForwardLayer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "DenseReluDense")]
    private readonly T5GatedFeedForward feedForward;

    [ComponentName(Name = "layer_norm")]
    private readonly RmsNorm norm;

    public T5FeedForwardLayer(T5Config config, Device device)
        : base(nameof(T5FeedForwardLayer))
    {
        feedForward = new T5GatedFeedForward(config, device);
        norm = new RmsNorm(config.DModel, config.LayerNormEpsilon, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return x.Plus(feedForward.call(norm.call(x))).MoveToOuterDisposeScope();
    }
}

/// <summary><c>wo(activation(wi_0(x)) * wi_1(x))</c> (transformers <c>T5DenseGatedActDense</c>).</summary>
internal sealed class T5GatedFeedForward : nn.Module<Tensor, Tensor>
{
    private readonly Func<Tensor, Tensor> activation;

    [ComponentName(Name = "wi_0")]
    private readonly CompactLinear gate;

    [ComponentName(Name = "wi_1")]
    private readonly CompactLinear widen;

    [ComponentName(Name = "wo")]
    private readonly CompactLinear narrow;

    public T5GatedFeedForward(T5Config config, Device device)
        : base(nameof(T5GatedFeedForward))
    {
        activation = Activation.ByName(config.GateActivation);
        gate = new CompactLinear(config.DModel, config.DFf, hasBias: false, device);
        widen = new CompactLinear(config.DModel, config.DFf, hasBias: false, device);
        narrow = new CompactLinear(config.DFf, config.DModel, hasBias: false, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return narrow.call(activation(gate.call(x)) * widen.call(x)).MoveToOuterDisposeScope();
    }
}

/// <summary>
/// Self-attention whose scores are not divided by the root of the head's width, but have a bias by distance (transformers
/// <c>T5Attention</c>).
/// The first block owns the biases that all add.
/// </summary>
internal sealed class T5Attention : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly T5Config config;

    [ComponentName(Name = "q")]
    private readonly CompactLinear queries;

    [ComponentName(Name = "k")]
    private readonly CompactLinear keys;

    [ComponentName(Name = "v")]
    private readonly CompactLinear values;

    [ComponentName(Name = "o")]
    private readonly CompactLinear output;

    [ComponentName(Name = "relative_attention_bias")]
    private readonly EmbeddingTable? positions;

    public T5Attention(T5Config config, bool hasPositions, Device device)
        : base(nameof(T5Attention))
    {
        this.config = config;
        var inner = config.NumHeads * config.DKv;
        queries = new CompactLinear(config.DModel, inner, hasBias: false, device);
        keys = new CompactLinear(config.DModel, inner, hasBias: false, device);
        values = new CompactLinear(config.DModel, inner, hasBias: false, device);
        output = new CompactLinear(inner, config.DModel, hasBias: false, device);
        positions = hasPositions ? new EmbeddingTable(config.RelativeAttentionNumBuckets, config.NumHeads, device) : null;
        RegisterComponents();
    }

    /// <summary>The bias of every pair of positions, <c>[1, heads, L, L]</c>; in the first block only.</summary>
    public Tensor PositionBias(long length)
    {
        using var scope = NewDisposeScope();
        var places = TensorMath.Range(length, int64, positions!.Weight.device);
        var biases = positions.call(DistanceClasses(places.unsqueeze(0) - places.unsqueeze(1))); // [L, L, heads]
        return biases.permute(2, 0, 1).unsqueeze(0).contiguous().MoveToOuterDisposeScope();
    }

    public override Tensor forward(Tensor x, Tensor bias)
    {
        using var scope = NewDisposeScope();
        var q = Attention.Split(queries.call(x).Times(Math.Sqrt(config.DKv)), config.NumHeads); // undoes attention's scale
        var k = Attention.Split(keys.call(x), config.NumHeads);
        var v = Attention.Split(values.call(x), config.NumHeads);
        return output.call(Attention.Merge(Attention.AttendHeads(q, k, v, bias: bias))).MoveToOuterDisposeScope();
    }

    // Half of the classes are for what comes later. Of each half, one half is for single small distances, the rest grows by logarithm.
    private Tensor DistanceClasses(Tensor distance)
    {
        var half = config.RelativeAttentionNumBuckets / 2;
        var exact = half / 2;
        var size = distance.abs();
        var growth = size.to(float32)
            .DividedBy(exact)
            .log()
            .DividedBy(Math.Log((double)config.RelativeAttentionMaxDistance / exact))
            .Times(half - exact);
        var far = growth.to(int64).Plus(exact).minimum(Number(half - 1)); // log of 0 gives what is not taken
        return distance.gt(Number(0)).to(int64).Times(half).Plus(size.where(size.lt(Number(exact)), far));

        Tensor Number(long value) => tensor(value, device: distance.device);
    }
}
