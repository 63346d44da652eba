using ImgAlign.Networks.Layers;
using ImgAlign.Networks.Llama;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Qwen;

/// <summary>One block of the vision tower: attention and SwiGLU, each behind a norm and around a residual (transformers Qwen2_5_VLVisionBlock).</summary>
internal sealed class QwenVisionBlock : nn.Module<Tensor, RotaryTable, AttentionSegments, Tensor>
{
    [ComponentName(Name = "norm1")]
    private readonly RmsNorm norm1;

    [ComponentName(Name = "attn")]
    private readonly QwenVisionAttention attention;

    [ComponentName(Name = "norm2")]
    private readonly RmsNorm norm2;

    [ComponentName(Name = "mlp")]
    private readonly LlamaFeedForward feedForward;

    public QwenVisionBlock(QwenVisionConfig config, Device device) : base(nameof(QwenVisionBlock))
    {
        norm1 = new RmsNorm(config.HiddenSize, QwenVisionModel.NormEpsilon, device);
        attention = new QwenVisionAttention(config, device);
        norm2 = new RmsNorm(config.HiddenSize, QwenVisionModel.NormEpsilon, device);
        feedForward = new LlamaFeedForward(config.HiddenSize, config.IntermediateSize, config.HiddenAct, hasBias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, RotaryTable rotary, AttentionSegments segments)
    {
        using var scope = NewDisposeScope();
        var attended = attention.call(norm1.call(hidden), rotary, segments).PlusInPlace(hidden);
        return feedForward.call(norm2.call(attended)).PlusInPlace(attended).MoveToOuterDisposeScope();
    }
}
