using ImgAlign.Checkpoints;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>
/// <c>y = x W^T + b</c>. W may be kept in fewer bits (<see cref="WeightStorage"/>); then it is there in x's type only while it is used.
/// </summary>
public sealed class CompactLinear : AffineLayer, ICompactLayer
{
    private const string FactorsName = "weight_factors";

    private readonly long[] shape;
    private CompactForm? form;
    private Parameter? factors; // registered once the layer is told to keep its weight in a form that has them

    /// <summary>Creates the layer; its weights are uninitialised.</summary>
    /// <param name="inputs">Width of x.</param>
    /// <param name="outputs">Width of y.</param>
    /// <param name="hasBias">Whether there is a b.</param>
    /// <param name="device">Where its weights are; <see cref="TorchSharp.torch.META"/> until a checkpoint is bound.</param>
    public CompactLinear(long inputs, long outputs, bool hasBias, Device device)
        : base(nameof(CompactLinear), [outputs, inputs], hasBias, device)
    {
        shape = [outputs, inputs];
    }

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        if (form is null)
            return LinearProduct.Apply(input, Weight, Bias);
        using var weight = form.Expand(new(Weight, factors), input.dtype);
        return LinearProduct.Apply(input, weight, Bias);
    }

    long[] ICompactLayer.WeightShape => shape;

    CompactForm? ICompactLayer.Form => form;

    void ICompactLayer.Keep(CompactForm? form)
    {
        this.form = form;
        if (form is null)
            return;
        ModuleParameters.Assign(this, WeightName, empty(form.ElementsShape(shape), form.Type, META));
        if (form.HasFactors)
            ModuleParameters.Assign(this, FactorsName, empty([shape[0], 1], float32, META));
    }

    bool ICompactLayer.IsWeight(string name) => name == WeightName;

    bool ICompactLayer.IsDerived(string name) => name == FactorsName;

    IReadOnlyList<(string Name, Tensor Value)> ICompactLayer.PartsOf(CompactMatrix weight) =>
        weight.Factors is null ? [(WeightName, weight.Elements)] : [(WeightName, weight.Elements), (FactorsName, weight.Factors)];

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
