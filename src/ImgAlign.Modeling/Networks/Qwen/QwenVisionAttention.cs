using ImgAlign.Networks.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Qwen;

/// <summary>Self-attention of patches within segments, with rotary positions on two axes (transformers Qwen2_5_VLVisionAttention): <c>[P, w]</c> to <c>[P, w]</c>.</summary>
internal sealed class QwenVisionAttention : nn.Module<Tensor, RotaryTable, AttentionSegments, Tensor>
{
    private readonly int heads;

    [ComponentName(Name = "qkv")]
    private readonly Linear qkv;

    [ComponentName(Name = "proj")]
    private readonly Linear proj;

    public QwenVisionAttention(QwenVisionConfig config, Device device) : base(nameof(QwenVisionAttention))
    {
        heads = config.NumHeads;
        qkv = new Linear(config.HiddenSize, 3L * config.HiddenSize, hasBias: true, device);
        proj = new Linear(config.HiddenSize, config.HiddenSize, hasBias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, RotaryTable rotary, AttentionSegments segments)
    {
        using var scope = NewDisposeScope();
        var packed = qkv.call(hidden).view(1, hidden.shape[0], 3, heads, -1).permute(2, 0, 3, 1, 4).contiguous();  // [3, 1, H, P, dh]
        var (q, k) = (Rope.Rotate(packed[0], rotary), Rope.Rotate(packed[1], rotary));
        return proj.call(segments.Attend(q, k, packed[2]).squeeze(0)).MoveToOuterDisposeScope();
    }
}
