using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Text;

namespace ImgAlign.Checkpoints;

/// <summary>
/// What stands before the data of a GGUF file, by ggml's <c>docs/gguf.md</c>: texts and numbers by name, then the tensors' names, shapes,
/// types and places. Read as a stream and checked completely, so that a hostile header costs no more memory than an honest one.
/// </summary>
internal sealed class GgufHeader
{
    private const uint Magic = 0x46554747; // "GGUF"
    private const int MostTensors = 100_000;
    private const int MostMetadata = 100_000;
    private const int LongestName = ushort.MaxValue;
    private const int MostDimensions = 4;
    private const long LargestDimension = 1L << 40;

    // Types of tensors that are no quantizations; numbers by ggml.h.
    private static readonly Dictionary<uint, ElementType> PlainTypes = new (uint Id, string Name)[]
    {
        (0, "F32"),
        (1, "F16"),
        (24, "I8"),
        (25, "I16"),
        (26, "I32"),
        (27, "I64"),
        (28, "F64"),
        (30, "BF16"),
    }.ToDictionary(static type => type.Id, static type => ElementType.FromName(type.Name)!);

    // Quantizations that are refused by their names.
    private static readonly Dictionary<uint, string> UnreadTypes = new()
    {
        [4] = "Q4_2",
        [5] = "Q4_3",
        [9] = "Q8_1",
        [15] = "Q8_K",
        [16] = "IQ2_XXS",
        [17] = "IQ2_XS",
        [18] = "IQ3_XXS",
        [19] = "IQ1_S",
        [21] = "IQ3_S",
        [22] = "IQ2_S",
        [29] = "IQ1_M",
        [34] = "TQ1_0",
        [35] = "TQ2_0",
        [39] = "MXFP4",
        [40] = "NVFP4",
    };

    private readonly Dictionary<string, Entry> entries = [];
    private readonly Dictionary<string, string> metadata = [];
    private long alignment = 32;

    /// <summary>Where a tensor's data lies.</summary>
    /// <param name="Type">The type of its elements, bytes where they are quantized.</param>
    /// <param name="Form">Its quantization, or null.</param>
    /// <param name="Shape">The shape, the innermost dimension last as everywhere else.</param>
    /// <param name="Offset">Bytes from the start of the file.</param>
    public sealed record Entry(ElementType Type, GgufForm? Form, long[] Shape, long Offset)
    {
        /// <summary>The shape of what is stored.</summary>
        public long[] StoredShape => Form?.ElementsShape(Shape) ?? Shape;
    }

    /// <summary>Reads and checks the header.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CheckpointException">The header is broken, or describes data that the file does not have.</exception>
    public GgufHeader(string path)
    {
        using var reader = new GgufReader(path);
        try
        {
            Read(reader);
        }
        catch (FormatException exception)
        {
            throw new CheckpointException(path, $"cannot be read as GGUF: {exception.Message}", innerException: exception);
        }
        catch (DecoderFallbackException exception)
        {
            throw new CheckpointException(
                path,
                "cannot be read as GGUF: a text in it is not UTF-8; download the file again.",
                innerException: exception
            );
        }
    }

    /// <summary>The tensors by name, in the order of their data.</summary>
    public IReadOnlyDictionary<string, Entry> Entries => entries;

    /// <summary>What the file says beside its tensors; of arrays only how long they are.</summary>
    public IReadOnlyDictionary<string, string> Metadata => metadata;

    private void Read(GgufReader reader)
    {
        if (reader.UInt32() != Magic)
            throw new FormatException("it does not begin with 'GGUF'; download the file again.");
        var version = reader.UInt32();
        if (version is not (2 or 3))
            throw new FormatException(
                BinaryPrimitives.ReverseEndianness(version) is 2 or 3
                    ? "it is a big-endian file; take the usual little-endian one."
                    : $"it is of version {version}, and 2 and 3 are read here; take a file that a current tool has made."
            );
        var tensors = reader.Size("the number of tensors", MostTensors);
        var count = reader.Size("the number of metadata", MostMetadata);
        for (var index = 0L; index < count; index++)
            ReadMetadata(reader);
        for (var index = 0L; index < tensors; index++)
            ReadTensor(reader);
        Place(Aligned(reader.Position), reader.FileLength);
    }

    private void ReadMetadata(GgufReader reader)
    {
        var key = reader.String("a name of metadata", LongestName);
        var type = reader.UInt32();
        var value = type switch
        {
            GgufReader.Text => reader.String($"'{key}'"),
            GgufReader.Array => FormattableString.Invariant($"{reader.SkipArray()} values"),
            _ => Convert.ToString(reader.Number(type), CultureInfo.InvariantCulture)!,
        };
        if (!metadata.TryAdd(key, value))
            throw new FormatException($"'{key}' is there twice; download the file again.");
        if (key != "general.alignment")
            return;
        if (!uint.TryParse(value, CultureInfo.InvariantCulture, out var given) || !BitOperations.IsPow2(given))
            throw new FormatException($"'{key}' is {value}, not a power of two; download the file again.");
        alignment = given;
    }

    private void ReadTensor(GgufReader reader)
    {
        var name = reader.String("the name of a tensor", LongestName);
        var what = $"tensor '{name}'";
        var dimensions = reader.UInt32();
        if (dimensions > MostDimensions)
            throw new FormatException($"{what} has {dimensions} dimensions, more than {MostDimensions}; download the file again.");
        var shape = new long[dimensions];
        for (var index = shape.Length - 1; index >= 0; index--)
            shape[index] = reader.Size($"a dimension of {what}", LargestDimension);
        var type = reader.UInt32();
        var form = GgufQuantizations.ById.GetValueOrDefault(type);
        var elements = form is null ? PlainTypes.GetValueOrDefault(type) : ElementType.Of(form.Type);
        if (elements is null)
            throw new FormatException($"{what} is in {NameOfUnread(type)}");
        if (form is not null && (shape.Length == 0 || shape[^1] % form.BlockElements != 0))
            throw new FormatException(
                $"{what} has shape {TensorInfo.FormatShape(shape)}, "
                    + $"whose rows are not whole blocks of {form.BlockElements} elements as {form.Name} has them; download the file again."
            );
        if (TensorExtent.Bytes(shape, ElementType.FromName("F64")!) is null)
            throw new FormatException($"{what} has a shape whose size overflows; download the file again.");
        if (!entries.TryAdd(name, new Entry(elements, form, shape, reader.Size($"the place of {what}"))))
            throw new FormatException($"{what} is there twice; download the file again.");
    }

    private static string NameOfUnread(uint type)
    {
        var known = string.Join(", ", GgufQuantizations.ById.Values.Select(static form => form.Name));
        return $"{UnreadTypes.GetValueOrDefault(type) ?? $"a type that ggml numbers {type}"}, which is not read here; "
            + $"take the model in another quantization: {known}, F16 or BF16.";
    }

    // As ggml reads it: the data are in the order of the names, each at the next multiple of the alignment.
    private void Place(long start, long fileLength)
    {
        var position = 0L;
        foreach (var (name, entry) in entries.ToList())
        {
            if (entry.Offset != position)
                throw new FormatException(
                    $"the data of tensor '{name}' begin at byte {entry.Offset}, not at {position} where those before it end; "
                        + "download the file again."
                );
            var bytes = TensorExtent.Bytes(entry.StoredShape, entry.Type)!.Value;
            var left = Math.Max(0, fileLength - start - position);
            if (bytes > left)
                throw new FormatException(
                    $"tensor '{name}' needs {bytes} bytes but {left} are left; the file was probably not downloaded completely."
                );
            entries[name] = entry with { Offset = start + position };
            position = Aligned(position + bytes);
        }
    }

    // What it is given is within a file, or little beyond.
    private long Aligned(long position) => (position + alignment - 1) / alignment * alignment;
}
