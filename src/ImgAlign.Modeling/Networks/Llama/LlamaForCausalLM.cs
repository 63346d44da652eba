using ImgAlign.Networks.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Llama;

/// <summary>The LLaMA decoder with the head that gives logits (transformers LlamaForCausalLM).</summary>
public sealed class LlamaForCausalLM : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "model")]
    private readonly LlamaModel model;

    [ComponentName(Name = "lm_head")]
    private readonly CompactLinear? lmHead;

    /// <summary>Creates the network; its weights are uninitialised.</summary>
    /// <param name="config">Its sizes.</param>
    /// <param name="device">Where its weights are; <see cref="META"/> until a checkpoint is bound.</param>
    public LlamaForCausalLM(LlamaConfig config, Device device)
        : base(nameof(LlamaForCausalLM))
    {
        model = new LlamaModel(config, device);
        lmHead = config.TieWordEmbeddings ? null : new CompactLinear(config.HiddenSize, config.VocabSize, hasBias: false, device);
        RegisterComponents();
    }

    /// <summary>The decoder.</summary>
    public LlamaModel Model => model;

    /// <summary>Logits of the next token.</summary>
    /// <param name="hidden">The decoder's hidden states after the final norm, <c>[..., D]</c>.</param>
    /// <returns><c>[..., V]</c>.</returns>
    public Tensor Logits(Tensor hidden)
    {
        TensorDevice.Require(this, model.Device, hidden);
        return lmHead is null ? LinearProduct.Apply(hidden, model.EmbeddingWeight, null) : lmHead.call(hidden);
    }

    /// <summary>Embeddings in, logits of every position out: what a loss is computed from.</summary>
    /// <param name="embeddings"><c>[B, N, D]</c>.</param>
    /// <returns><c>[B, N, V]</c>.</returns>
    public override Tensor forward(Tensor embeddings)
    {
        using var hidden = model.Run(embeddings);
        return Logits(hidden);
    }
}
