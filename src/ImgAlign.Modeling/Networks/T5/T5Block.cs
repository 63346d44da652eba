using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;
using Linear = ImgAlign.Networks.Layers.Linear;

namespace ImgAlign.Networks.T5;

/// <summary>A pre-norm block (transformers <c>T5Block</c>): self-attention with a position bias, then a gated feed-forward.</summary>
internal sealed class T5Block : nn.Module<Tensor, Tensor, Tensor>
{
    // Both parts are entries of one list in the checkpoint.
    [ComponentName(Name = "layer")]
    private readonly ModuleList<nn.Module> layers;

    public T5Block(T5Config config, bool hasPositions, Device device) : base(nameof(T5Block))
    {
        layers = new ModuleList<nn.Module>(new T5SelfAttentionLayer(config, hasPositions, device), new T5FeedForwardLayer(config, device));
        RegisterComponents();
    }

    public Tensor PositionBias(long length) => SelfAttention.PositionBias(length);

    public override Tensor forward(Tensor input, Tensor bias)
    {
        using var x = SelfAttention.call(input, bias);
        return FeedForward.call(x);
    }

    private T5SelfAttentionLayer SelfAttention => (T5SelfAttentionLayer)layers[0];

    private T5FeedForwardLayer FeedForward => (T5FeedForwardLayer)layers[1];
}

/// <summary><c>x + attention(norm(x))</c>.</summary>
internal sealed class T5SelfAttentionLayer : nn.Module<Tensor, Tensor, Tensor>
{
    [ComponentName(Name = "SelfAttention")]
    private readonly T5Attention attention;

    [ComponentName(Name = "layer_norm")]
    private readonly RmsNorm norm;

    public T5SelfAttentionLayer(T5Config config, bool hasPositions, Device device) : base(nameof(T5SelfAttentionLayer))
    {
        attention = new T5Attention(config, hasPositions, device);
        norm = new RmsNorm(config.DModel, config.LayerNormEpsilon, device);
        RegisterComponents();
    }

    public Tensor PositionBias(long length) => attention.PositionBias(length);

    public override Tensor forward(Tensor x, Tensor bias)
    {
        using var scope = NewDisposeScope();
        return x.Plus(attention.call(norm.call(x), bias)).MoveToOuterDisposeScope();
    }
}

/// <summary><c>x + feed_forward(norm(x))</c>.</summary>
internal sealed class T5FeedForwardLayer : nn.Module<Tensor, Tensor>
{
    [ComponentName(Name = "DenseReluDense")]
    private readonly T5GatedFeedForward feedForward;

    [ComponentName(Name = "layer_norm")]
    private readonly RmsNorm norm;

    public T5FeedForwardLayer(T5Config config, Device device) : base(nameof(T5FeedForwardLayer))
    {
        feedForward = new T5GatedFeedForward(config, device);
        norm = new RmsNorm(config.DModel, config.LayerNormEpsilon, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return x.Plus(feedForward.call(norm.call(x))).MoveToOuterDisposeScope();
    }
}

/// <summary><c>wo(activation(wi_0(x)) * wi_1(x))</c> (transformers <c>T5DenseGatedActDense</c>).</summary>
internal sealed class T5GatedFeedForward : nn.Module<Tensor, Tensor>
{
    private readonly Func<Tensor, Tensor> activation;

    [ComponentName(Name = "wi_0")]
    private readonly Linear gate;

    [ComponentName(Name = "wi_1")]
    private readonly Linear widen;

    [ComponentName(Name = "wo")]
    private readonly Linear narrow;

    public T5GatedFeedForward(T5Config config, Device device) : base(nameof(T5GatedFeedForward))
    {
        activation = Activation.ByName(config.GateActivation);
        gate = new Linear(config.DModel, config.DFf, hasBias: false, device);
        widen = new Linear(config.DModel, config.DFf, hasBias: false, device);
        narrow = new Linear(config.DFf, config.DModel, hasBias: false, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return narrow.call(activation(gate.call(x)) * widen.call(x)).MoveToOuterDisposeScope();
    }
}
