using TorchSharp;
using TorchSharp.Modules;

namespace ImgAlign.Checkpoints;

/// <summary>A parameter of a network.</summary>
/// <param name="Path">Its name in the network.</param>
/// <param name="Owner">The leaf layer that has it.</param>
/// <param name="Name">Its name in that layer.</param>
/// <param name="Value">The parameter itself.</param>
public readonly record struct NetworkParameter(string Path, torch.nn.Module Owner, string Name, Parameter Value)
{
    /// <summary>Whether its layer makes it from another one, so that no checkpoint has it.</summary>
    public bool IsDerived => Owner is ICompactLayer layer && layer.IsDerived(Name);

    /// <summary>Whether it is a weight that its layer can keep in fewer bits.</summary>
    public bool IsWeight => Owner is ICompactLayer layer && layer.IsWeight(Name);

    /// <summary>The form that the layer's weight is kept in; null: in the type that the network runs in.</summary>
    internal CompactForm? Form => (Owner as ICompactLayer)?.Form;

    /// <summary>Whether it keeps its type, whatever type the network runs in.</summary>
    public bool HasOwnType => Form is not null && (IsDerived || IsWeight);

    /// <summary>Its shape, however it is kept.</summary>
    public long[] Shape => IsWeight ? ((ICompactLayer)Owner).WeightShape : Value.shape;

    /// <summary>The number of its elements.</summary>
    public long ElementCount => Shape.Aggregate(1L, static (product, length) => product * length);
}
