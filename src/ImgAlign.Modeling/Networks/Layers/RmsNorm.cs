using ImgAlign.Checkpoints;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary><c>x / sqrt(mean(x^2) + eps) * w</c> over the last dimension; the mean and the root in float32 whatever x is (transformers
/// LlamaRMSNorm).</summary>
public sealed class RmsNorm : nn.Module<Tensor, Tensor>, IParameterHolder
{
    private readonly double epsilon;

    [ComponentName(Name = "weight")]
    private Parameter weight;

    /// <summary>Creates the layer; its weight is uninitialised.</summary>
    /// <param name="width">Width of x.</param>
    /// <param name="epsilon">Added to the mean square.</param>
    /// <param name="device">Where its weight is; <see cref="META"/> until a checkpoint is bound.</param>
    public RmsNorm(long width, double epsilon, Device device)
        : base(nameof(RmsNorm))
    {
        this.epsilon = epsilon;
        weight = new Parameter(empty([width], device: device), requires_grad: false);
        RegisterComponents();
    }

    internal Parameter Weight => weight;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        var x = input.to(float32);
        var inverseRoot = x.Squared().mean([-1], keepdim: true).PlusInPlace(epsilon).rsqrt();
        return (x * inverseRoot).to(input.dtype).mul_(weight).MoveToOuterDisposeScope();
    }

    void IParameterHolder.Assign(string name, Parameter value)
    {
        weight.Dispose();
        weight = value;
        ConditionallyRegisterParameter(name, value);
    }
}
