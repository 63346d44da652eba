using System.Buffers.Binary;
using System.Text.Json;
using TorchSharp;

namespace ImgAlign.Checkpoints;

/// <summary>Writes safetensors files, tensor by tensor, and atomically: an older file is replaced only by a complete one.</summary>
public static class SafetensorsWriter
{
    // Readers map the file: the data begins at a multiple of a cache line.
    private const int Alignment = 64;
    private const long ChunkBytes = 1 << 26;

    /// <summary>Writes tensors.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">The tensors by name, of any device and layout; borrowed.</param>
    /// <param name="metadata">Texts to store beside them.</param>
    /// <exception cref="ArgumentException">A tensor has a type that the format does not know.</exception>
    /// <exception cref="IOException">The file cannot be written; an older one is as it was.</exception>
    public static void Write(
        string path,
        IReadOnlyDictionary<string, torch.Tensor> tensors,
        IReadOnlyDictionary<string, string>? metadata = null
    )
    {
        ArgumentNullException.ThrowIfNull(tensors);
        Write(
            path,
            tensors.Select(pair => new TensorInfo(pair.Key, pair.Value.dtype, pair.Value.shape)),
            name => tensors[name].alias(),
            metadata
        );
    }

    /// <summary>Writes all tensors of another checkpoint; only one of them is in memory at a time.</summary>
    /// <param name="path">The file.</param>
    /// <param name="checkpoint">Where the tensors come from; borrowed.</param>
    /// <param name="metadata">Texts to store beside them.</param>
    /// <exception cref="ArgumentException">A tensor has a type that the format does not know.</exception>
    /// <exception cref="CheckpointException">A tensor cannot be read; an older file is as it was.</exception>
    /// <exception cref="IOException">The file cannot be written; an older one is as it was.</exception>
    public static void Write(string path, Checkpoint checkpoint, IReadOnlyDictionary<string, string>? metadata = null)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        Write(path, checkpoint.Tensors.Values, checkpoint.Read, metadata);
    }

    /// <summary>Writes tensors that come to be as they are written; only one of them is in memory at a time.</summary>
    /// <param name="path">The file.</param>
    /// <param name="tensors">What is written.</param>
    /// <param name="read">Gives a tensor by its name; it is disposed.</param>
    /// <param name="metadata">Texts to store beside them.</param>
    /// <exception cref="ArgumentException">A tensor has a type that the format does not know.</exception>
    /// <exception cref="IOException">The file cannot be written; an older one is as it was.</exception>
    public static void Write(
        string path,
        IEnumerable<TensorInfo> tensors,
        Func<string, torch.Tensor> read,
        IReadOnlyDictionary<string, string>? metadata
    )
    {
        // Wide elements first, as the reference does: every tensor is then aligned to its element.
        var ordered = tensors.OrderByDescending(info => TypeOf(info).Bytes).ToList();
        var header = Header(ordered, metadata);
        AtomicFile.Write(
            path,
            file =>
            {
                file.Write(header);
                foreach (var info in ordered)
                {
                    using var scope = torch.NewDisposeScope();
                    WriteData(file, read(info.Name), info);
                }
            }
        );
    }

    private static byte[] Header(List<TensorInfo> tensors, IReadOnlyDictionary<string, string>? metadata)
    {
        using var buffer = new MemoryStream();
        buffer.Write(stackalloc byte[8]);
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            if (metadata is { Count: > 0 })
            {
                json.WriteStartObject("__metadata__");
                foreach (var (key, value) in metadata)
                    json.WriteString(key, value);
                json.WriteEndObject();
            }
            var position = 0L;
            foreach (var info in tensors)
            {
                json.WriteStartObject(info.Name);
                json.WriteString("dtype", TypeOf(info).Name);
                WriteNumbers(json, "shape", info.Shape);
                WriteNumbers(json, "data_offsets", [position, position += info.Count * TypeOf(info).Bytes]);
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
        while (buffer.Length % Alignment != 0)
            buffer.WriteByte((byte)' ');
        var header = buffer.ToArray();
        BinaryPrimitives.WriteInt64LittleEndian(header, header.Length - 8);
        return header;
    }

    private static void WriteNumbers(Utf8JsonWriter json, string name, IEnumerable<long> numbers)
    {
        json.WriteStartArray(name);
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }

    private static void WriteData(Stream file, torch.Tensor tensor, TensorInfo info)
    {
        var flat = tensor.cpu().contiguous().view(-1);
        var step = ChunkBytes / TypeOf(info).Bytes;
        for (var start = 0L; start < info.Count; start += step)
        {
            using var part = flat.narrow(0, start, Math.Min(step, info.Count - start));
            file.Write(part.bytes);
        }
    }

    private static ElementType TypeOf(TensorInfo info) =>
        ElementType.Of(info.Type) is { } type && ElementType.FromName(type.Name) is not null
            ? type
            : throw new ArgumentException(
                $"Tensor '{info.Name}' is of type {info.TypeName}, which safetensors files do not hold.",
                nameof(info)
            );
}
