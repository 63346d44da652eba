using ImgAlign.Networks.Layers;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Llava;

/// <summary>From the vision tower's width to the language model's: linear, activation, linear (transformers
/// LlavaMultiModalProjector).</summary>
public sealed class LlavaProjector : nn.Module<Tensor, Tensor>
{
    private readonly Func<Tensor, Tensor> activation;

    [ComponentName(Name = "linear_1")]
    private readonly CompactLinear linear1;

    [ComponentName(Name = "linear_2")]
    private readonly CompactLinear linear2;

    public LlavaProjector(LlavaConfig config, Device device)
        : base(nameof(LlavaProjector))
    {
        activation = Activation.ByName(config.ProjectorActivation);
        linear1 = new CompactLinear(config.Vision.HiddenSize, config.Text.HiddenSize, config.ProjectorBias, device);
        linear2 = new CompactLinear(config.Text.HiddenSize, config.Text.HiddenSize, config.ProjectorBias, device);
        RegisterComponents();
    }

    public override Tensor forward(Tensor features)
    {
        TensorDevice.Require(this, linear1.Weight.device, features);
        using var scope = NewDisposeScope();
        return linear2.call(activation(linear1.call(features))).MoveToOuterDisposeScope();
    }
}
