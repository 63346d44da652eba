using System.Buffers.Binary;
using System.Text;

namespace ImgAlign.Tests.Checkpoints;

/// <summary>Writes GGUF files, sound ones and such as no tool would write.</summary>
internal sealed class GgufBuilder
{
    private readonly List<byte[]> metadata = [];
    private readonly List<(byte[] Entry, byte[] Data)> tensors = [];

    public string Magic { get; set; } = "GGUF";

    public uint Version { get; set; } = 3;

    /// <summary>What the header claims; null: what is there.</summary>
    public ulong? TensorCount { get; set; }

    public ulong? MetadataCount { get; set; }

    public int Alignment { get; set; } = 32;

    private int DataLength => tensors.Sum(tensor => tensor.Data.Length);

    public GgufBuilder Meta(string key, uint type, params byte[] value) => Meta([.. Text(key), .. UInt32(type), .. value]);

    public GgufBuilder Meta(params byte[] entry)
    {
        metadata.Add(entry);
        return this;
    }

    /// <summary>Adds a tensor.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="type">The number of its type.</param>
    /// <param name="dimensions">Its dimensions, the innermost first.</param>
    /// <param name="data">Its data; they are padded.</param>
    /// <param name="offset">Where it claims to begin; null: where it does.</param>
    public GgufBuilder Tensor(string name, uint type, ulong[] dimensions, byte[] data, ulong? offset = null) =>
        Tensor(Text(name), type, dimensions, data, offset);

    public GgufBuilder Tensor(byte[] name, uint type, ulong[] dimensions, byte[] data, ulong? offset = null)
    {
        byte[] shape = [.. UInt32((uint)dimensions.Length), .. dimensions.SelectMany(UInt64)];
        tensors.Add(([.. name, .. shape, .. UInt32(type), .. UInt64(offset ?? (ulong)DataLength)], Padded(data)));
        return this;
    }

    public byte[] ToArray()
    {
        byte[] header =
        [
            .. Encoding.ASCII.GetBytes(Magic),
            .. UInt32(Version),
            .. UInt64(TensorCount ?? (ulong)tensors.Count),
            .. UInt64(MetadataCount ?? (ulong)metadata.Count),
            .. metadata.SelectMany(static entry => entry),
            .. tensors.SelectMany(static tensor => tensor.Entry),
        ];
        return [.. Padded(header), .. tensors.SelectMany(static tensor => tensor.Data)];
    }

    public static byte[] UInt32(uint value)
    {
        var bytes = new byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        return bytes;
    }

    public static byte[] UInt64(ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, value);
        return bytes;
    }

    /// <summary>A text after its length.</summary>
    public static byte[] Text(string text) => [.. UInt64((ulong)Encoding.UTF8.GetByteCount(text)), .. Encoding.UTF8.GetBytes(text)];

    private byte[] Padded(byte[] bytes) => [.. bytes, .. new byte[(Alignment - (bytes.Length % Alignment)) % Alignment]];
}
