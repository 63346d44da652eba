using System.Buffers.Binary;
using System.Text.Json;

namespace ImgAlign.Checkpoints;

/// <summary>
/// The header of a safetensors file: a JSON object from names to type, shape and place. Read as a stream and checked completely, so that a
/// hostile header costs no more memory than an honest one.
/// </summary>
internal static class SafetensorsHeader
{
    /// <summary>The reference implementation's limit.</summary>
    private const long LargestHeader = 100_000_000;
    private const int MostTensors = 100_000;

    /// <summary>Where a tensor's data lies.</summary>
    /// <param name="Type">The elements' type.</param>
    /// <param name="Shape">The shape.</param>
    /// <param name="Begin">Bytes from the start of the data to the first element.</param>
    /// <param name="End">Bytes from the start of the data to the end of the last element.</param>
    public sealed record Entry(ElementType Type, long[] Shape, long Begin, long End);

    /// <summary>All that a header says.</summary>
    /// <param name="Entries">The tensors by name, in the order of their data.</param>
    /// <param name="Metadata">The texts under <c>__metadata__</c>.</param>
    /// <param name="DataStart">Bytes from the start of the file to the data.</param>
    public sealed record Content(IReadOnlyDictionary<string, Entry> Entries, IReadOnlyDictionary<string, string> Metadata, long DataStart);

    /// <summary>Reads and checks the header.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="CheckpointException">The header is broken, or does not describe exactly the bytes that follow it.</exception>
    public static Content Read(string path)
    {
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        Span<byte> prefix = stackalloc byte[8];
        if (file.ReadAtLeast(prefix, 8, throwOnEndOfStream: false) < 8)
            throw new CheckpointException(
                path,
                $"is {file.Length} bytes long, too short for a safetensors file; it was probably not downloaded completely."
            );
        var length = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        if (length > LargestHeader)
            throw new CheckpointException(
                path,
                $"claims a header of {length} bytes, more than the {LargestHeader} that the format allows; it is not a safetensors file."
            );
        if ((long)length > file.Length - 8)
            throw new CheckpointException(
                path,
                $"claims a header of {length} bytes but only {file.Length - 8} follow; it was probably not downloaded completely."
            );

        try
        {
            var (entries, metadata) = Parse(file, (long)length);
            return new Content(InFileOrder(path, entries, file.Length - 8 - (long)length), metadata, 8 + (long)length);
        }
        // GetString throws InvalidOperationException for text that is not UTF-8, or escapes that are not UTF-16.
        catch (Exception exception) when (exception is JsonException or FormatException or InvalidOperationException)
        {
            throw new CheckpointException(path, $"has a broken safetensors header: {exception.Message}", innerException: exception);
        }
    }

    private static (Dictionary<string, Entry>, Dictionary<string, string>) Parse(Stream file, long length)
    {
        var entries = new Dictionary<string, Entry>();
        var metadata = new Dictionary<string, string>();
        var hasMetadata = false;
        var json = new JsonStreamReader(file, length);
        json.Expect(JsonTokenType.StartObject, "an object of tensors");
        while (json.ReadName() is { } name)
        {
            if (name == "__metadata__")
            {
                if (hasMetadata)
                    throw new FormatException("'__metadata__' is there twice.");
                hasMetadata = true;
                ReadMetadata(ref json, metadata);
            }
            else
            {
                if (entries.Count == MostTensors)
                    throw new FormatException($"there are more than {MostTensors} tensors.");
                if (!entries.TryAdd(name, ReadEntry(ref json, name)))
                    throw new FormatException($"tensor '{name}' is there twice.");
            }
        }
        json.ExpectEnd();
        return (entries, metadata);
    }

    private static void ReadMetadata(ref JsonStreamReader json, Dictionary<string, string> metadata)
    {
        json.Expect(JsonTokenType.StartObject, "an object of texts under '__metadata__'");
        while (json.ReadName() is { } key)
        {
            if (!metadata.TryAdd(key, json.ReadString($"a text under '__metadata__.{key}'")))
                throw new FormatException($"'__metadata__.{key}' is there twice.");
        }
    }

    private static Entry ReadEntry(ref JsonStreamReader json, string name)
    {
        string? typeName = null;
        long[]? shape = null,
            offsets = null;
        json.Expect(JsonTokenType.StartObject, $"an object for tensor '{name}'");
        while (json.ReadName() is { } field)
        {
            switch (field)
            {
                case "dtype" when typeName is null:
                    typeName = json.ReadString($"a text as dtype of tensor '{name}'");
                    break;
                case "shape" when shape is null:
                    shape = json.ReadSizes($"the shape of tensor '{name}'");
                    break;
                case "data_offsets" when offsets is null:
                    offsets = json.ReadSizes($"the data_offsets of tensor '{name}'");
                    break;
                case "dtype" or "shape" or "data_offsets":
                    throw new FormatException($"tensor '{name}' has two fields '{field}'.");
                default:
                    json.SkipValue();
                    break;
            }
        }
        if (typeName is null || shape is null || offsets is null)
            throw new FormatException($"tensor '{name}' lacks dtype, shape or data_offsets.");
        if (offsets is not [var begin, var end])
            throw new FormatException($"tensor '{name}' has {offsets.Length} data_offsets, not 2.");
        if (ElementType.FromName(typeName) is not { } type)
            throw new FormatException($"tensor '{name}' has the type '{typeName}', which is not supported.");
        if (end < begin)
            throw new FormatException($"tensor '{name}' ends before it begins.");
        if (TensorExtent.Bytes(shape, type) is not { } bytes)
            throw new FormatException($"tensor '{name}' has a shape whose size overflows.");
        if (bytes != end - begin)
            throw new FormatException(
                $"tensor '{name}' needs {bytes} bytes by its shape {TensorInfo.FormatShape(shape)} and type {type.Name} but has "
                    + $"{end - begin}."
            );
        return new Entry(type, shape, begin, end);
    }

    // Every byte of the data belongs to exactly one tensor: no overlap, no hole, nothing left over.
    private static Dictionary<string, Entry> InFileOrder(string path, Dictionary<string, Entry> entries, long dataLength)
    {
        var ordered = entries.OrderBy(pair => pair.Value.Begin).ThenBy(pair => pair.Value.End).ToList();
        var position = 0L;
        foreach (var (name, entry) in ordered)
        {
            if (entry.Begin != position)
                throw new CheckpointException(
                    path,
                    $"its data begins at byte {entry.Begin}, not at {position} where the tensor before it ends.",
                    name
                );
            position = entry.End;
        }
        if (position > dataLength)
            throw new CheckpointException(
                path,
                $"its tensors have {position} bytes of data but only {dataLength} follow the header; it was probably not "
                    + "downloaded completely."
            );
        if (position < dataLength)
            throw new CheckpointException(path, $"{dataLength - position} bytes follow the last tensor; a safetensors file ends with it.");
        return new Dictionary<string, Entry>(ordered);
    }
}
