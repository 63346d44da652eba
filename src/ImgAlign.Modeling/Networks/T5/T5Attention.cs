using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Embedding = ImgAlign.Networks.Layers.Embedding;
using Linear = ImgAlign.Networks.Layers.Linear;

namespace ImgAlign.Networks.T5;

/// <summary>
/// Self-attention whose scores are not divided by the root of the head's width, but have a bias by distance (transformers <c>T5Attention</c>).
/// The first block owns the biases that all add.
/// </summary>
internal sealed class T5Attention : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly T5Config config;

    [ComponentName(Name = "q")]
    private readonly Linear queries;

    [ComponentName(Name = "k")]
    private readonly Linear keys;

    [ComponentName(Name = "v")]
    private readonly Linear values;

    [ComponentName(Name = "o")]
    private readonly Linear output;

    [ComponentName(Name = "relative_attention_bias")]
    private readonly Embedding? positions;

    public T5Attention(T5Config config, bool hasPositions, Device device) : base(nameof(T5Attention))
    {
        this.config = config;
        var inner = config.NumHeads * config.DKv;
        queries = new Linear(config.DModel, inner, hasBias: false, device);
        keys = new Linear(config.DModel, inner, hasBias: false, device);
        values = new Linear(config.DModel, inner, hasBias: false, device);
        output = new Linear(inner, config.DModel, hasBias: false, device);
        positions = hasPositions ? new Embedding(config.RelativeAttentionNumBuckets, config.NumHeads, device) : null;
        RegisterComponents();
    }

    /// <summary>The bias of every pair of positions, <c>[1, heads, L, L]</c>; in the first block only.</summary>
    public Tensor PositionBias(long length)
    {
        using var scope = NewDisposeScope();
        var places = TensorMath.Range(length, int64, positions!.Weight.device);
        var biases = positions.call(DistanceClasses(places.unsqueeze(0) - places.unsqueeze(1)));  // [L, L, heads]
        return biases.permute(2, 0, 1).unsqueeze(0).contiguous().MoveToOuterDisposeScope();
    }

    public override Tensor forward(Tensor x, Tensor bias)
    {
        using var scope = NewDisposeScope();
        var q = Attention.Split(queries.call(x).Times(Math.Sqrt(config.DKv)), config.NumHeads);  // undoes attention's scale
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
        var growth = size.to(float32).DividedBy(exact).log().DividedBy(Math.Log((double)config.RelativeAttentionMaxDistance / exact)).Times(half - exact);
        var far = growth.to(int64).Plus(exact).minimum(Number(half - 1));  // log of 0 gives what is not taken
        return distance.gt(Number(0)).to(int64).Times(half).Plus(size.where(size.lt(Number(exact)), far));

        Tensor Number(long value) => tensor(value, device: distance.device);
    }
}
