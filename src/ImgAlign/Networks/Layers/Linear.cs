using ImgAlign.Checkpoints;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary><c>y = x W^T + b</c>. Unlike TorchSharp's own layer it is made without initialisation: weights come from a checkpoint or a trainer.</summary>
public sealed class Linear : nn.Module<Tensor, Tensor>, IParameterHolder
{
    [ComponentName(Name = "weight")]
    private Parameter weight;

    [ComponentName(Name = "bias")]
    private Parameter? bias;

    /// <summary>Creates the layer; its weights are uninitialised.</summary>
    /// <param name="inputs">Width of x.</param>
    /// <param name="outputs">Width of y.</param>
    /// <param name="hasBias">Whether there is a b.</param>
    /// <param name="device">Where its weights are; <see cref="torch.META"/> until a checkpoint is bound.</param>
    public Linear(long inputs, long outputs, bool hasBias, Device device) : base(nameof(Linear))
    {
        weight = new Parameter(empty([outputs, inputs], device: device), requires_grad: false);
        bias = hasBias ? new Parameter(empty([outputs], device: device), requires_grad: false) : null;
        RegisterComponents();
    }

    /// <summary><c>[outputs, inputs]</c>.</summary>
    public Parameter Weight => weight;

    /// <summary><c>[outputs]</c>, or null.</summary>
    public Parameter? Bias => bias;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input) => nn.functional.linear(input, weight, bias);

    void IParameterHolder.Assign(string name, Parameter value)
    {
        (name == "weight" ? weight : bias)?.Dispose();
        if (name == "weight") weight = value;
        else bias = value;
        ConditionallyRegisterParameter(name, value);
    }
}
