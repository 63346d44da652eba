using ImgAlign.Checkpoints;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Networks.Layers;

/// <summary>
/// A table of vectors by index. TorchSharp's own layer fills the table with random numbers on the CPU even when it is meant for the meta
/// device; this one is made without initialisation.
/// </summary>
public sealed class EmbeddingTable : nn.Module<Tensor, Tensor>, IParameterHolder
{
    [ComponentName(Name = "weight")]
    private Parameter weight;

    /// <summary>Creates the layer; its weights are uninitialised.</summary>
    /// <param name="count">The number of vectors.</param>
    /// <param name="width">The width of a vector.</param>
    /// <param name="device">Where its weights are; <see cref="torch.META"/> until a checkpoint is bound.</param>
    public EmbeddingTable(long count, long width, Device device)
        : base(nameof(EmbeddingTable))
    {
        weight = new Parameter(empty([count, width], device: device), requires_grad: false);
        RegisterComponents();
    }

    /// <summary><c>[count, width]</c>.</summary>
    public Parameter Weight => weight;

    /// <inheritdoc/>
    public override Tensor forward(Tensor input)
    {
        using var scope = NewDisposeScope();
        return weight.index_select(0, input.reshape(-1)).view([.. input.shape, weight.shape[1]]).MoveToOuterDisposeScope();
    }

    void IParameterHolder.Assign(string name, Parameter value)
    {
        weight.Dispose();
        weight = value;
        ConditionallyRegisterParameter(name, value);
    }
}
