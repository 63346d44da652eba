using ImgAlign.Checkpoints;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary><c>y = x W^T + b</c>. W may be kept in 8 bits (<see cref="WeightStorage"/>); then it is there in x's type only while it is used.</summary>
public sealed class Linear : AffineLayer, ICompactLayer
{
    private const string FactorsName = "weight_factors";

    private WeightStorage storage;
    private Parameter? factors;  // registered once the layer is told to keep its weight in 8 bits

    /// <summary>Creates the layer; its weights are uninitialised.</summary>
    /// <param name="inputs">Width of x.</param>
    /// <param name="outputs">Width of y.</param>
    /// <param name="hasBias">Whether there is a b.</param>
    /// <param name="device">Where its weights are; <see cref="TorchSharp.torch.META"/> until a checkpoint is bound.</param>
    public Linear(long inputs, long outputs, bool hasBias, Device device) : base(nameof(Linear), [outputs, inputs], hasBias, device)
    {
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        if (factors is null) return LinearProduct.Apply(input, Weight, Bias);
        using var weight = CompactWeight.Expand(Weight, factors, input.dtype);
        return LinearProduct.Apply(input, weight, Bias);
    }

    long ICompactLayer.Elements => Weight.numel();

    void ICompactLayer.Keep(WeightStorage storage)
    {
        this.storage = storage;
        if (storage == WeightStorage.None) return;
        ModuleParameters.Assign(this, WeightName, empty(Weight.shape, CompactWeight.ElementsOf(storage), META));
        ModuleParameters.Assign(this, FactorsName, empty([Weight.shape[0], 1], float32, META));
    }

    bool ICompactLayer.HasOwnType(string name) => storage != WeightStorage.None && name is (WeightName or FactorsName);

    bool ICompactLayer.IsDerived(string name) => name == FactorsName;

    IReadOnlyList<(string Name, Tensor Value)> ICompactLayer.Compact(Tensor weight)
    {
        var (elements, rowFactors) = CompactWeight.Compress(weight, storage);
        return [(WeightName, elements), (FactorsName, rowFactors)];
    }

    private protected override void Assign(string name, Parameter value)
    {
        if (name != FactorsName)
        {
            base.Assign(name, value);
            return;
        }
        factors?.Dispose();
        factors = value;
        ConditionallyRegisterParameter(name, value);
    }
}
