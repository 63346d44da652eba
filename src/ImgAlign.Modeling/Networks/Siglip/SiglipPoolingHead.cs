using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Siglip;

/// <summary>
/// SigLIP's head (transformers <c>SiglipMultiheadAttentionPoolingHead</c>): one learned query over all tokens <c>[B, N, w]</c> to one vector
/// <c>[B, w]</c>.
/// </summary>
public sealed class SiglipPoolingHead : nn.Module<Tensor, Tensor>, IParameterHolder
{
    [ComponentName(Name = "probe")]
    private Parameter probe;

    [ComponentName(Name = "attention")]
    private readonly PoolingAttention attention;

    [ComponentName(Name = "layernorm")]
    private readonly LayerNorm norm;

    [ComponentName(Name = "mlp")]
    private readonly ClipMlp mlp;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">The encoder's sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public SiglipPoolingHead(ClipVisionConfig config, Device device)
        : base(nameof(SiglipPoolingHead))
    {
        probe = new Parameter(empty([1, 1, config.HiddenSize], device: device), requires_grad: false);
        attention = new PoolingAttention(config.HiddenSize, config.NumAttentionHeads, device);
        norm = nn.LayerNorm(config.HiddenSize, config.LayerNormEps, device: device);
        mlp = new ClipMlp(config.HiddenSize, config.IntermediateSize, config.HiddenAct, device);
        RegisterComponents();
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor tokens)
    {
        TensorDevice.Require(this, probe.device, tokens);
        using var scope = NewDisposeScope();
        var pooled = attention.call(probe.expand(tokens.shape[0], 1, -1), tokens); // [B, 1, w]
        return pooled.Plus(mlp.call(norm.call(pooled))).squeeze(1).MoveToOuterDisposeScope();
    }

    void IParameterHolder.Assign(string name, Parameter value)
    {
        probe.Dispose();
        probe = value;
        ConditionallyRegisterParameter(name, value);
    }
}

/// <summary>Attention from one query to tokens, with one projection for queries, keys and values.</summary>
internal sealed class PoolingAttention : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly int heads;

    [ComponentName(Name = "in_proj")]
    private readonly CompactLinear projection;

    [ComponentName(Name = "out_proj")]
    private readonly CompactLinear output;

    public PoolingAttention(int width, int heads, Device device)
        : base(nameof(PoolingAttention))
    {
        this.heads = heads;
        projection = new CompactLinear(width, 3L * width, hasBias: true, device);
        output = new CompactLinear(width, width, hasBias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor query, Tensor tokens)
    {
        using var scope = NewDisposeScope();
        var ofTokens = projection.call(tokens).chunk(3, -1);
        return output
            .call(Attention.Attend(projection.call(query).chunk(3, -1)[0], ofTokens[1], ofTokens[2], heads))
            .MoveToOuterDisposeScope();
    }
}
