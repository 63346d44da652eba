using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>A layer that can keep its weight in fewer bits than it computes with.</summary>
internal interface ICompactLayer
{
    /// <summary>The number of elements of the weight.</summary>
    long Elements { get; }

    /// <summary>Decides how the weight will be kept; before weights are bound.</summary>
    /// <param name="storage">How.</param>
    void Keep(WeightStorage storage);

    /// <summary>Whether a parameter keeps its type, whatever type the network runs in.</summary>
    /// <param name="name">The parameter's name within this layer.</param>
    bool HasOwnType(string name);

    /// <summary>Whether the layer makes a parameter itself, so that no checkpoint has it.</summary>
    /// <param name="name">The parameter's name within this layer.</param>
    bool IsDerived(string name);

    /// <summary>The parameters that stand for a checkpoint's weight.</summary>
    /// <param name="weight">The weight; borrowed.</param>
    /// <returns>Names within this layer, and new tensors.</returns>
    IReadOnlyList<(string Name, torch.Tensor Value)> Compact(torch.Tensor weight);
}
