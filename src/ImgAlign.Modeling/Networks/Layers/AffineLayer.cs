using ImgAlign.Checkpoints;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>
/// A layer with a weight and perhaps a bias. Unlike TorchSharp's own layers it is made without initialisation: weights come from a
/// checkpoint or a trainer.
/// </summary>
public abstract class AffineLayer : nn.Module<Tensor, Tensor>, IParameterHolder
{
    private protected const string WeightName = "weight";

    [ComponentName(Name = WeightName)]
    private Parameter weight;

    [ComponentName(Name = "bias")]
    private Parameter? bias;

    private protected AffineLayer(string name, long[] weightShape, bool hasBias, Device device)
        : base(name)
    {
        weight = new Parameter(empty(weightShape, device: device), requires_grad: false);
        bias = hasBias ? new Parameter(empty([weightShape[0]], device: device), requires_grad: false) : null;
        RegisterComponents();
    }

    /// <summary>The weight, outputs first.</summary>
    public Parameter Weight => weight;

    /// <summary><c>[outputs]</c>, or null.</summary>
    public Parameter? Bias => bias;

    void IParameterHolder.Assign(string name, Parameter value) => Assign(name, value);

    private protected virtual void Assign(string name, Parameter value)
    {
        (name == WeightName ? weight : bias)?.Dispose();
        if (name == WeightName)
            weight = value;
        else
            bias = value;
        ConditionallyRegisterParameter(name, value);
    }
}
