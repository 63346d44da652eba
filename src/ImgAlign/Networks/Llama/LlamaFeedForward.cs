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

    public LlamaFeedForward(LlamaConfig config, Device device) : base(nameof(LlamaFeedForward))
    {
        activation = Activation.ByName(config.HiddenAct);
        gateProj = new Linear(config.HiddenSize, config.IntermediateSize, config.MlpBias, device);
        upProj = new Linear(config.HiddenSize, config.IntermediateSize, config.MlpBias, device);
        downProj = new Linear(config.IntermediateSize, config.HiddenSize, config.MlpBias, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var gated = activation(gateProj.call(input)).mul_(upProj.call(input));
        return downProj.call(gated).MoveToOuterDisposeScope();
    }
}
