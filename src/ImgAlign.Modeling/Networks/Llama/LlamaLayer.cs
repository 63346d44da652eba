using ImgAlign.Networks.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Llama;

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

    public LlamaLayer(LlamaConfig config, int layer, Device device) : base(nameof(LlamaLayer))
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
