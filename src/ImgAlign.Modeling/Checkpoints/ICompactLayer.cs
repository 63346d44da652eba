using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>A layer that can keep its weight in fewer bits than it computes with.</summary>
internal interface ICompactLayer
{
    /// <summary>The shape of the weight, <c>[n, k]</c>.</summary>
    long[] WeightShape { get; }

    /// <summary>The form that the weight is kept in; null: in the type that the network runs in.</summary>
    CompactForm? Form { get; }

    /// <summary>Decides how the weight will be kept; before weights are bound.</summary>
    /// <param name="form">As for <see cref="Form"/>.</param>
    void Keep(CompactForm? form);

    /// <summary>Whether a parameter is the weight.</summary>
    /// <param name="name">The parameter's name within this layer.</param>
    bool IsWeight(string name);

    /// <summary>Whether the layer makes a parameter itself, so that no checkpoint has it.</summary>
    /// <param name="name">The parameter's name within this layer.</param>
    bool IsDerived(string name);

    /// <summary>The parameters that stand for a weight.</summary>
    /// <param name="weight">In <see cref="Form"/>; the tensors become the parameters.</param>
    /// <returns>Names within this layer, and their tensors.</returns>
    IReadOnlyList<(string Name, torch.Tensor Value)> PartsOf(CompactMatrix weight);
}
