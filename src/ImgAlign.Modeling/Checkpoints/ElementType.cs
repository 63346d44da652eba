using System.Collections.Frozen;
using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>A type of tensor elements, with its names in the file formats.</summary>
/// <param name="Scalar">libtorch's type. TorchSharp's enumeration ends at BFloat16; libtorch takes the later numbers all the same.</param>
/// <param name="Name">The name in safetensors headers and in messages.</param>
/// <param name="Torch">The name in PyTorch.</param>
/// <param name="Bytes">Bytes of one element.</param>
/// <param name="Storage">The class of PyTorch's pickles, or null where pickles have none.</param>
internal sealed record ElementType(torch.ScalarType Scalar, string Name, string Torch, int Bytes, string? Storage = null)
{
    /// <summary>Every type that checkpoints may hold. Those of less than a byte, and quantised ones, are not among them.</summary>
    public static IReadOnlyList<ElementType> All { get; } =
    [
        new(torch.ScalarType.Bool, "BOOL", "bool", 1, "BoolStorage"),
        new(torch.ScalarType.Byte, "U8", "uint8", 1, "ByteStorage"),
        new(torch.ScalarType.Int8, "I8", "int8", 1, "CharStorage"),
        new(torch.ScalarType.Int16, "I16", "int16", 2, "ShortStorage"),
        new(torch.ScalarType.Int32, "I32", "int32", 4, "IntStorage"),
        new(torch.ScalarType.Int64, "I64", "int64", 8, "LongStorage"),
        new((torch.ScalarType)27, "U16", "uint16", 2),
        new((torch.ScalarType)28, "U32", "uint32", 4),
        new((torch.ScalarType)29, "U64", "uint64", 8),
        new((torch.ScalarType)23, "F8_E5M2", "float8_e5m2", 1),
        new((torch.ScalarType)24, "F8_E4M3", "float8_e4m3fn", 1),
        new((torch.ScalarType)25, "F8_E5M2FNUZ", "float8_e5m2fnuz", 1),
        new((torch.ScalarType)26, "F8_E4M3FNUZ", "float8_e4m3fnuz", 1),
        new((torch.ScalarType)44, "F8_E8M0", "float8_e8m0fnu", 1),
        new(torch.ScalarType.Float16, "F16", "float16", 2, "HalfStorage"),
        new(torch.ScalarType.BFloat16, "BF16", "bfloat16", 2, "BFloat16Storage"),
        new(torch.ScalarType.Float32, "F32", "float32", 4, "FloatStorage"),
        new(torch.ScalarType.Float64, "F64", "float64", 8, "DoubleStorage"),
        new(torch.ScalarType.ComplexFloat32, "C64", "complex64", 8, "ComplexFloatStorage"),
        new(torch.ScalarType.ComplexFloat64, "C128", "complex128", 16, "ComplexDoubleStorage"),
    ];

    private static readonly FrozenDictionary<torch.ScalarType, ElementType> ByScalar = All.ToFrozenDictionary(type => type.Scalar);
    private static readonly FrozenDictionary<string, ElementType> ByName = All.Where(type => type.Scalar != torch.ScalarType.ComplexFloat64)
        .ToFrozenDictionary(type => type.Name);
    private static readonly FrozenDictionary<string, ElementType> ByTorch = All.ToFrozenDictionary(type => type.Torch);
    private static readonly FrozenDictionary<string, ElementType> ByStorage = All.Where(type => type.Storage is not null)
        .ToFrozenDictionary(type => type.Storage!);

    /// <summary>The entry of a libtorch type, or null when checkpoints cannot hold it.</summary>
    public static ElementType? Of(torch.ScalarType scalar) => ByScalar.GetValueOrDefault(scalar);

    /// <summary>The entry of a safetensors <c>dtype</c>, or null when it is not supported.</summary>
    public static ElementType? FromName(string name) => ByName.GetValueOrDefault(name);

    /// <summary>The entry of a PyTorch type such as <c>float16</c>, or null when it is not supported.</summary>
    public static ElementType? FromTorch(string name) => ByTorch.GetValueOrDefault(name);

    /// <summary>The entry of a PyTorch storage class such as <c>HalfStorage</c>, or null when it is not supported.</summary>
    public static ElementType? FromStorage(string storage) => ByStorage.GetValueOrDefault(storage);
}
