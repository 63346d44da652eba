using ImgAlign.Networks.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Llama;

/// <summary><c>down(act(gate(x)) * up(x))</c> (transformers LlamaMLP).</summary>
internal sealed class LlamaFeedForward : nn.Module<Tensor, Tensor>
{
    private readonly Func<Tensor, Tensor> activation;

    [ComponentName(Name = "gate_proj")]
    private readonly Linear gateProj;

    [ComponentName(Name = "up_proj")]
    private readonly Linear upProj;

    [ComponentName(Name = "down_proj")]
    private readonly Linear downProj;

    public LlamaFeedForward(int width, int innerWidth, string activation, bool hasBias, Device device) : base(nameof(LlamaFeedForward))
    {
        this.activation = Activation.ByName(activation);
        gateProj = new Linear(width, innerWidth, hasBias, device);
        upProj = new Linear(width, innerWidth, hasBias, device);
        downProj = new Linear(innerWidth, width, hasBias, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var gated = activation(gateProj.call(input)).mul_(upProj.call(input));
        return downProj.call(gated).MoveToOuterDisposeScope();
    }
}
