using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>What a checkpoint says of one tensor, without its data.</summary>
/// <param name="Name">The name in the file.</param>
/// <param name="Type">The type of an element in the file.</param>
/// <param name="Shape">The size of each dimension; empty for a scalar.</param>
public sealed record TensorInfo(string Name, torch.ScalarType Type, IReadOnlyList<long> Shape)
{
    /// <summary>The number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Bytes of the data.</summary>
    public long Bytes => Count * (ElementType.Of(Type)?.Bytes ?? 0);

    /// <summary>The type as safetensors headers name it: <c>F32</c>, <c>BF16</c>, <c>F8_E4M3</c>.</summary>
    public string TypeName => ElementType.Of(Type)?.Name ?? Type.ToString();

    /// <summary>The shape as messages print it: <c>[320, 4, 3, 3]</c>.</summary>
    public string ShapeText => FormatShape(Shape);

    internal static string FormatShape(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
