using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Bert;

/// <summary>Words and positions, normed: ids <c>[B, N]</c> to <c>[B, N, D]</c>. There are no segments.</summary>
internal sealed class BertEmbeddings : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "word_embeddings")]
    private readonly EmbeddingTable words;

    [ComponentName(Name = "position_embeddings")]
    private readonly EmbeddingTable positions;

    [ComponentName(Name = "LayerNorm")]
    private readonly LayerNorm norm;

    public BertEmbeddings(BertConfig config, Device device)
        : base(nameof(BertEmbeddings))
    {
        words = new EmbeddingTable(config.VocabSize, config.HiddenSize, device);
        positions = new EmbeddingTable(config.MaxPositionEmbeddings, config.HiddenSize, device);
        norm = nn.LayerNorm(config.HiddenSize, config.LayerNormEps, device: device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor ids)
    {
        using var scope = NewDisposeScope();
        var places = TensorMath.Range(ids.shape[1], device: ids.device);
        return norm.call(words.call(ids).Plus(positions.call(places))).MoveToOuterDisposeScope();
    }
}

/// <summary>The layers one after another: states, which of them are text, and a picture's features.</summary>
internal sealed class BertEncoder : nn.Module<Tensor, Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "layer")]
    private readonly ModuleList<BertLayer> layers;

    public BertEncoder(BertConfig config, long pictureWidth, Device device)
        : base(nameof(BertEncoder))
    {
        layers = nn.ModuleList<BertLayer>([
            .. Enumerable.Range(0, config.NumHiddenLayers).Select(_ => new BertLayer(config, pictureWidth, device)),
        ]);
        RegisterComponents();
    }

    public override Tensor forward(Tensor states, Tensor mask, Tensor picture)
    {
        using var scope = NewDisposeScope();
        foreach (var layer in layers)
            states = layer.call(states, mask, picture);
        return states.MoveToOuterDisposeScope();
    }
}

/// <summary>Attention to the text, attention to the picture, feed-forward, each with a norm behind its residual (BLIP's
/// <c>BertLayer</c>).</summary>
internal sealed class BertLayer : nn.Module<Tensor, Tensor, Tensor, Tensor>
{
    private readonly Func<Tensor, Tensor> activation;

    [ComponentName(Name = "attention")]
    private readonly BertAttention attention;

    [ComponentName(Name = "crossattention")]
    private readonly BertAttention crossAttention;

    [ComponentName(Name = "intermediate")]
    private readonly BertDense intermediate;

    [ComponentName(Name = "output")]
    private readonly BertOutput output;

    public BertLayer(BertConfig config, long pictureWidth, Device device)
        : base(nameof(BertLayer))
    {
        activation = Activation.ByName(config.HiddenAct);
        attention = new BertAttention(config, config.HiddenSize, device);
        crossAttention = new BertAttention(config, pictureWidth, device);
        intermediate = new BertDense(config.HiddenSize, config.IntermediateSize, device);
        output = new BertOutput(config, config.IntermediateSize, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor states, Tensor mask, Tensor picture)
    {
        using var scope = NewDisposeScope();
        var read = attention.call(states, states, mask);
        var seen = crossAttention.call(read, picture, null);
        return output.call(activation(intermediate.call(seen)), seen).MoveToOuterDisposeScope();
    }
}

/// <summary>Attention from states to others, with its residual and norm; the last argument says which of them take part, null for all.</summary>
internal sealed class BertAttention : nn.Module<Tensor, Tensor, Tensor?, Tensor>
{
    [ComponentName(Name = "self")]
    private readonly BertSelfAttention self;

    [ComponentName(Name = "output")]
    private readonly BertOutput output;

    public BertAttention(BertConfig config, long sourceWidth, Device device)
        : base(nameof(BertAttention))
    {
        self = new BertSelfAttention(config, sourceWidth, device);
        output = new BertOutput(config, config.HiddenSize, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor states, Tensor source, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        return output.call(self.call(states, source, mask), states).MoveToOuterDisposeScope();
    }
}

/// <summary>The attention itself.</summary>
internal sealed class BertSelfAttention : nn.Module<Tensor, Tensor, Tensor?, Tensor>
{
    private readonly int heads;

    [ComponentName(Name = "query")]
    private readonly CompactLinear query;

    [ComponentName(Name = "key")]
    private readonly CompactLinear key;

    [ComponentName(Name = "value")]
    private readonly CompactLinear value;

    public BertSelfAttention(BertConfig config, long sourceWidth, Device device)
        : base(nameof(BertSelfAttention))
    {
        heads = config.NumAttentionHeads;
        query = new CompactLinear(config.HiddenSize, config.HiddenSize, hasBias: true, device);
        key = new CompactLinear(sourceWidth, config.HiddenSize, hasBias: true, device);
        value = new CompactLinear(sourceWidth, config.HiddenSize, hasBias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor states, Tensor source, Tensor? mask)
    {
        using var scope = NewDisposeScope();
        var attended = Attention.AttendHeads(
            Attention.Split(query.call(states), heads),
            Attention.Split(key.call(source), heads),
            Attention.Split(value.call(source), heads),
            bias: mask
        );
        return Attention.Merge(attended).MoveToOuterDisposeScope();
    }
}

/// <summary>A linear layer under the name that BERT gives it.</summary>
internal sealed class BertDense : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "dense")]
    private readonly CompactLinear dense;

    public BertDense(long inputs, long outputs, Device device)
        : base(nameof(BertDense))
    {
        dense = new CompactLinear(inputs, outputs, hasBias: true, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input) => dense.call(input);
}

/// <summary>A linear layer, the residual, and the norm behind it.</summary>
internal sealed class BertOutput : nn.Module<Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "dense")]
    private readonly CompactLinear dense;

    [ComponentName(Name = "LayerNorm")]
    private readonly LayerNorm norm;

    public BertOutput(BertConfig config, long inputs, Device device)
        : base(nameof(BertOutput))
    {
        dense = new CompactLinear(inputs, config.HiddenSize, hasBias: true, device);
        norm = nn.LayerNorm(config.HiddenSize, config.LayerNormEps, device: device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input, Tensor residual)
    {
        using var scope = NewDisposeScope();
        return norm.call(dense.call(input).Plus(residual)).MoveToOuterDisposeScope();
    }
}
