using ImgAlign.Networks.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Llama;

/// <summary>Causal self-attention with rotary positions; each key head serves a group of consecutive query heads (transformers LlamaAttention).</summary>
internal sealed class LlamaAttention : nn.Module<Tensor, RotaryTable, KeyValueCache?, Tensor>
{
    private readonly int layer;
    private readonly int heads;
    private readonly int keyValueHeads;

    [ComponentName(Name = "q_proj")]
    private readonly Linear qProj;

    [ComponentName(Name = "k_proj")]
    private readonly Linear kProj;

    [ComponentName(Name = "v_proj")]
    private readonly Linear vProj;

    [ComponentName(Name = "o_proj")]
    private readonly Linear oProj;

    public LlamaAttention(LlamaConfig config, int layer, Device device) : base(nameof(LlamaAttention))
    {
        this.layer = layer;
        heads = config.NumAttentionHeads;
        keyValueHeads = config.KeyValueHeads;
        var (hidden, width) = (config.HiddenSize, config.HeadWidth);
        qProj = new Linear(hidden, heads * width, config.AttentionBias, device);
        kProj = new Linear(hidden, keyValueHeads * width, config.AttentionBias, device);
        vProj = new Linear(hidden, keyValueHeads * width, config.AttentionBias, device);
        oProj = new Linear(heads * width, hidden, config.AttentionOutputBias ?? config.AttentionBias, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor hidden, RotaryTable rotary, KeyValueCache? cache)
    {
        using var scope = NewDisposeScope();
        var q = Rope.Rotate(Attention.Split(qProj.call(hidden), heads), rotary);  // [B, H, N, d]
        var k = Rope.Rotate(Attention.Split(kProj.call(hidden), keyValueHeads), rotary);
        var v = Attention.Split(vProj.call(hidden), keyValueHeads);
        if (cache is not null) (k, v) = cache.Append(layer, k, v);
        var attended = Attention.AttendHeads(q, Repeat(k), Repeat(v), causal: q.shape[2] > 1);
        return oProj.call(Attention.Merge(attended)).MoveToOuterDisposeScope();
    }

    private Tensor Repeat(Tensor x)
    {
        if (keyValueHeads == heads) return x;
        var (batch, positions, width) = (x.shape[0], x.shape[2], x.shape[3]);
        return x.unsqueeze(2).expand(batch, keyValueHeads, heads / keyValueHeads, positions, width).reshape(batch, heads, positions, width);
    }
}
