using static TorchSharp.torch;

namespace ImgAlign.Checkpoints;

/// <summary>
/// A way to keep a matrix in fewer bits than it is computed with. The tensors that stand for it have its rows, each by itself: some of the
/// rows are kept by those rows of them.
/// </summary>
/// <param name="name">Its name in messages, and in files if they have it.</param>
internal abstract class CompactForm(string name)
{
    /// <summary>Its name in messages, and in files if they have it.</summary>
    public string Name { get; } = name;

    /// <summary>The type of <see cref="CompactMatrix.Elements"/>.</summary>
    public abstract ScalarType Type { get; }

    /// <summary>Whether there are <see cref="CompactMatrix.Factors"/>.</summary>
    public abstract bool HasFactors { get; }

    /// <summary>The shape of <see cref="CompactMatrix.Elements"/>.</summary>
    /// <param name="shape">The shape of what is kept.</param>
    public abstract long[] ElementsShape(IReadOnlyList<long> shape);

    /// <summary>Bytes that are needed while a matrix is expanded: the result, and what it is made by.</summary>
    /// <param name="elements">The number of its elements.</param>
    /// <param name="type">The type that it is expanded to.</param>
    /// <param name="device">Where.</param>
    public abstract long ExpandingBytes(long elements, ScalarType type, Device device);

    /// <summary>Brings a matrix into this form, with the least loss that it allows.</summary>
    /// <param name="weight"><c>[n, k]</c>; borrowed.</param>
    /// <returns>New tensors on the same device.</returns>
    /// <exception cref="NotSupportedException">It is a form that is read only.</exception>
    public abstract CompactMatrix Compress(Tensor weight);

    /// <summary>The matrix as numbers to compute with.</summary>
    /// <param name="matrix">In this form; borrowed.</param>
    /// <param name="type">A floating-point type.</param>
    /// <returns><c>[n, k]</c>, new.</returns>
    public abstract Tensor Expand(CompactMatrix matrix, ScalarType type);
}
