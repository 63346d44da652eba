using ImgAlign.Networks.Layers;
using ImgAlign.Runtime;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Llama;

/// <summary>The LLaMA decoder without a head: embeddings in, hidden states after the final norm out (transformers LlamaModel).</summary>
public sealed class LlamaModel : nn.Module<Tensor, RotaryTable, KeyValueCache?, LayerAdditions?, Tensor>, IBlockNetwork
{
    [ComponentName(Name = "embed_tokens")]
    private readonly EmbeddingTable embedTokens;

    [ComponentName(Name = "layers")]
    private readonly ModuleList<LlamaLayer> layers;

    private readonly BlockSequence<LlamaLayer> blocks;

    [ComponentName(Name = "norm")]
    private readonly RmsNorm? norm;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">Its sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    /// <param name="hasNorm">Whether the states after the last layer are normed.</param>
    public LlamaModel(LlamaConfig config, Device device, bool hasNorm = true)
        : base(nameof(LlamaModel))
    {
        Config = config;
        embedTokens = new EmbeddingTable(config.VocabSize, config.HiddenSize, device);
        layers = nn.ModuleList([.. Enumerable.Range(0, config.NumHiddenLayers).Select(index => new LlamaLayer(config, index, device))]);
        blocks = new(layers);
        norm = hasNorm ? new RmsNorm(config.HiddenSize, config.RmsNormEps, device) : null;
        RegisterComponents();
    }

    /// <summary>Its sizes.</summary>
    public LlamaConfig Config { get; }

    /// <summary>Where its weights are.</summary>
    public Device Device => (norm?.Weight ?? embedTokens.Weight).device;

    BlockSequence IBlockNetwork.Blocks => blocks;

    /// <summary>Whether activations within layers are computed again for their gradients instead of kept: less memory, more time, in
    /// training.</summary>
    public bool RecomputesActivations { get; set; }

    public Tensor EmbeddingWeight => embedTokens.Weight;

    /// <summary>The embeddings of tokens.</summary>
    /// <param name="ids">Token ids <c>[B, N]</c>, each below the vocabulary's size.</param>
    /// <returns><c>[B, N, D]</c>.</returns>
    public Tensor Embed(Tensor ids)
    {
        TensorDevice.Require(this, Device, ids);
        return embedTokens.call(ids);
    }

    /// <summary>Runs all layers.</summary>
    /// <param name="embeddings"><c>[B, N, D]</c>.</param>
    /// <param name="cache">Remembers these positions and shows those before; null for a single pass.</param>
    /// <param name="positions"> Where each token stands, <c>[axes, B, N]</c>, for models whose positions have several axes; null: they
    /// count up, from what the cache holds. What follows in the cache then stands behind the furthest of them.
    /// </param>
    /// <param name="additions">What is added behind the first layers; null for nothing.</param>
    /// <returns>Hidden states after the final norm, <c>[B, N, D]</c>.</returns>
    /// <exception cref="InvalidRequestException">The sequence is longer than the model allows.</exception>
    public Tensor Run(Tensor embeddings, KeyValueCache? cache = null, Tensor? positions = null, LayerAdditions? additions = null)
    {
        if (positions is not null)
            TensorDevice.Require(this, Device, positions);
        using var scope = NewDisposeScope();
        var (start, count) = (cache?.Length ?? 0, embeddings.shape[1]);
        Config.RequireLength(start + count);
        var frequencies = Rope.Frequencies(Config.HeadWidth, Config.RopeTheta, Device);
        var rotary = positions is null
            ? Rope.Table(cache?.NextPosition ?? 0, count, frequencies, embeddings.dtype)
            : Rope.Table(positions, frequencies, Config.RopeAxes, embeddings.dtype);
        var hidden = call(embeddings, rotary, cache, additions);
        if (positions is not null)
            cache?.ContinueAt(positions.max().item<long>() + 1);
        return hidden.MoveToOuterDisposeScope();
    }

    /// <summary>Runs all layers at positions of the caller's choice.</summary>
    /// <param name="embeddings"><c>[B, N, D]</c>.</param>
    /// <param name="rotary">The rotation of each position.</param>
    /// <param name="cache">As for <see cref="Run"/>.</param>
    /// <param name="additions">As for <see cref="Run"/>.</param>
    /// <returns>Hidden states after the final norm, <c>[B, N, D]</c>.</returns>
    public override Tensor forward(Tensor embeddings, RotaryTable rotary, KeyValueCache? cache, LayerAdditions? additions)
    {
        TensorDevice.Require(this, Device, embeddings);
        TensorDevice.Require(this, Device, rotary.Cosines);
        using var scope = NewDisposeScope();
        var hidden = embeddings;
        foreach (var (index, layer) in blocks.InTurn().Index())
        {
            var next = Recomputation.Run(
                RecomputesActivations && cache is null,
                inputs => layer.call(inputs[0], new RotaryTable(inputs[1], inputs[2]), cache),
                hidden,
                rotary.Cosines,
                rotary.Sines
            );
            if (!ReferenceEquals(hidden, embeddings))
                hidden.Dispose();
            hidden = next;
            additions?.AddTo(hidden, index);
        }
        cache?.Advance(embeddings.shape[1]);
        return (norm?.call(hidden) ?? hidden).MoveToOuterDisposeScope();
    }
}

/// <summary>One decoder layer: attention and SwiGLU, each behind a norm and around a residual (transformers LlamaDecoderLayer).</summary>
internal sealed class LlamaLayer : nn.Module<Tensor, RotaryTable, KeyValueCache?, Tensor>
{
    [ComponentName(Name = "input_layernorm")]
    private readonly RmsNorm inputNorm;

    [ComponentName(Name = "self_attn")]
    private readonly LlamaAttention attention;

    [ComponentName(Name = "post_attention_layernorm")]
    private readonly RmsNorm postAttentionNorm;

    [ComponentName(Name = "mlp")]
    private readonly LlamaFeedForward feedForward;

    public LlamaLayer(LlamaConfig config, int layer, Device device)
        : base(nameof(LlamaLayer))
    {
        inputNorm = new RmsNorm(config.HiddenSize, config.RmsNormEps, device);
        attention = new LlamaAttention(config, layer, device);
        postAttentionNorm = new RmsNorm(config.HiddenSize, config.RmsNormEps, device);
        feedForward = new LlamaFeedForward(config.HiddenSize, config.IntermediateSize, config.HiddenAct, config.MlpBias, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, RotaryTable rotary, KeyValueCache? cache)
    {
        using var scope = NewDisposeScope();
        var attended = attention.call(inputNorm.call(hidden), rotary, cache).PlusInPlace(hidden);
        return feedForward.call(postAttentionNorm.call(attended)).PlusInPlace(attended).MoveToOuterDisposeScope();
    }
}

/// <summary>Causal self-attention with rotary positions; each key head serves a group of consecutive query heads (transformers
/// LlamaAttention).</summary>
internal sealed class LlamaAttention : nn.Module<Tensor, RotaryTable, KeyValueCache?, Tensor>
{
    private readonly int layer;
    private readonly int heads;
    private readonly int keyValueHeads;

    [ComponentName(Name = "q_proj")]
    private readonly CompactLinear qProj;

    [ComponentName(Name = "k_proj")]
    private readonly CompactLinear kProj;

    [ComponentName(Name = "v_proj")]
    private readonly CompactLinear vProj;

    [ComponentName(Name = "o_proj")]
    private readonly CompactLinear oProj;

    [ComponentName(Name = "q_norm")]
    private readonly RmsNorm? qNorm;

    [ComponentName(Name = "k_norm")]
    private readonly RmsNorm? kNorm;

    public LlamaAttention(LlamaConfig config, int layer, Device device)
        : base(nameof(LlamaAttention))
    {
        this.layer = layer;
        heads = config.NumAttentionHeads;
        keyValueHeads = config.KeyValueHeads;
        var (hidden, width) = (config.HiddenSize, config.HeadWidth);
        qProj = new CompactLinear(hidden, heads * width, config.AttentionBias, device);
        kProj = new CompactLinear(hidden, keyValueHeads * width, config.AttentionBias, device);
        vProj = new CompactLinear(hidden, keyValueHeads * width, config.AttentionBias, device);
        qNorm = config.HasQueryKeyNorms ? new RmsNorm(width, config.RmsNormEps, device) : null;
        kNorm = config.HasQueryKeyNorms ? new RmsNorm(width, config.RmsNormEps, device) : null;
        oProj = new CompactLinear(heads * width, hidden, config.AttentionOutputBias ?? config.AttentionBias, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, RotaryTable rotary, KeyValueCache? cache)
    {
        using var scope = NewDisposeScope();
        var q = Rope.Rotate(Norm(qNorm, Attention.Split(qProj.call(hidden), heads)), rotary); // [B, H, N, d]
        var k = Rope.Rotate(Norm(kNorm, Attention.Split(kProj.call(hidden), keyValueHeads)), rotary);
        var v = Attention.Split(vProj.call(hidden), keyValueHeads);
        if (cache is not null)
            (k, v) = cache.Append(layer, k, v);
        var (count, seen) = (q.shape[2], k.shape[2]);
        var mask = count > 1 && seen > count ? Attention.CausalMask(count, seen, q.device) : null; // what the cache holds, all see
        var attended = Attention.AttendHeads(q, Repeat(k), Repeat(v), causal: count > 1 && mask is null, mask);
        return oProj.call(Attention.Merge(attended)).MoveToOuterDisposeScope();
    }

    private static Tensor Norm(RmsNorm? norm, Tensor x) => norm?.call(x) ?? x;

    private Tensor Repeat(Tensor x)
    {
        if (keyValueHeads == heads)
            return x;
        var (batch, positions, width) = (x.shape[0], x.shape[2], x.shape[3]);
        return x.unsqueeze(2).expand(batch, keyValueHeads, heads / keyValueHeads, positions, width).reshape(batch, heads, positions, width);
    }
}

/// <summary><c>down(act(gate(x)) * up(x))</c> (transformers LlamaMLP).</summary>
internal sealed class LlamaFeedForward : nn.Module<Tensor, Tensor>
{
    private readonly Func<Tensor, Tensor> activation;

    [ComponentName(Name = "gate_proj")]
    private readonly CompactLinear gateProj;

    [ComponentName(Name = "up_proj")]
    private readonly CompactLinear upProj;

    [ComponentName(Name = "down_proj")]
    private readonly CompactLinear downProj;

    public LlamaFeedForward(int width, int innerWidth, string activation, bool hasBias, Device device)
        : base(nameof(LlamaFeedForward))
    {
        this.activation = Activation.ByName(activation);
        gateProj = new CompactLinear(width, innerWidth, hasBias, device);
        upProj = new CompactLinear(width, innerWidth, hasBias, device);
        downProj = new CompactLinear(innerWidth, width, hasBias, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var gated = activation(gateProj.call(input)).mul_(upProj.call(input));
        return downProj.call(gated).MoveToOuterDisposeScope();
    }
}
