using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using ImgAlign.Runtime;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Embedding = ImgAlign.Networks.Layers.Embedding;

namespace ImgAlign.Networks.T5;

/// <summary>
/// The encoder of T5 1.1 (transformers <c>T5EncoderModel</c>): token ids <c>[B, L]</c>, int64, to features <c>[B, L, d]</c>. Every token
/// attends to every other, padding too, as FLUX was trained. It overflows in float16: run it in bfloat16 or float32.
/// </summary>
public sealed class T5EncoderModel : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "shared")]
    private readonly Embedding shared;

    [ComponentName(Name = "encoder")]
    private readonly T5Stack encoder;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">The sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public T5EncoderModel(T5Config config, Device device) : base(nameof(T5EncoderModel))
    {
        shared = new Embedding(config.VocabSize, config.DModel, device);
        encoder = new T5Stack(config, device);
        RegisterComponents();
    }

    /// <summary>The encoder of a checkpoint.</summary>
    /// <exception cref="CheckpointException">There is none, or there are several.</exception>
    public static CheckpointPart Find(Checkpoint file) =>
        CheckpointPart.Find(file, "T5 text encoder", new Landmark("encoder.block.0.layer.0.SelfAttention.q.weight"));

    /// <summary>How this network's parameters are named in a published file; a decoder in the same file is left alone.</summary>
    /// <param name="checkpoint">The file. The embedding is <c>shared</c>, or <c>encoder.embed_tokens</c> where only that is there; a copy is ignored.</param>
    public static WeightMap Names(Checkpoint checkpoint)
    {
        var embedding = checkpoint.Tensors.ContainsKey(SharedEmbedding) ? SharedEmbedding : EncoderEmbedding;
        return new WeightMap(
            name => new WeightSource.Whole(name == SharedEmbedding ? embedding : name),
            static name => name is SharedEmbedding or EncoderEmbedding or "lm_head.weight" || name.StartsWith("decoder.", StringComparison.Ordinal));
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

    public T5Stack(T5Config config, Device device) : base(nameof(T5Stack))
    {
        blocks = nn.ModuleList<T5Block>([.. Enumerable.Range(0, config.NumLayers).Select(i => new T5Block(config, hasPositions: i == 0, device))]);
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
