using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>What a checkpoint says of one tensor, without its data.</summary>
/// <param name="Name">The name in the file.</param>
/// <param name="Type">The type of an element as it is read.</param>
/// <param name="Shape">The size of each dimension; empty for a scalar.</param>
public sealed record TensorInfo(string Name, torch.ScalarType Type, IReadOnlyList<long> Shape)
{
    /// <summary>The number of elements.</summary>
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);

    /// <summary>Bytes of the data in the file.</summary>
    public long Bytes =>
        Form is null
            ? Count * (ElementType.Of(Type)?.Bytes ?? 0)
            : TensorExtent.Bytes(Form.ElementsShape(Shape), ElementType.Of(Form.Type)!)!.Value;

    /// <summary>The type in the file, as safetensors or ggml name it: <c>F32</c>, <c>BF16</c>, <c>F8_E4M3</c>, <c>Q4_K</c>.</summary>
    public string TypeName => Form?.Name ?? ElementType.Of(Type)?.Name ?? Type.ToString();

    /// <summary>The form of fewer than 16 bits that the file has it in, and a matrix can be kept in; null where there is none.</summary>
    internal CompactForm? Form { get; init; } = RowFactors.OfFloats(Type);

    /// <summary>Whether the tensor is computed when it is read, so that it can be no view of the file.</summary>
    internal bool IsComputed { get; init; }

    /// <summary>The shape as messages print it: <c>[320, 4, 3, 3]</c>.</summary>
    public string ShapeText => FormatShape(Shape);

    internal static string FormatShape(IEnumerable<long> shape) => $"[{string.Join(", ", shape)}]";
}
