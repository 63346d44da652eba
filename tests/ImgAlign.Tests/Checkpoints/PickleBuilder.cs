using System.Buffers.Binary;
using System.IO.Compression;
using System.Text;

namespace ImgAlign.Tests.Checkpoints;

/// <summary>Writes pickles opcode by opcode, and the archives that <c>torch.save</c> makes of them.</summary>
internal sealed class PickleBuilder
{
    private readonly List<byte> bytes = [0x80, 2];

    public byte[] ToArray() => [.. bytes, (byte)'.'];

    public PickleBuilder Op(string opcodes)
    {
        bytes.AddRange(Encoding.Latin1.GetBytes(opcodes));
        return this;
    }

    public PickleBuilder Text(string text)
    {
        var utf8 = Encoding.UTF8.GetBytes(text);
        bytes.Add((byte)'X');
        bytes.AddRange(BitConverter.GetBytes(utf8.Length));
        bytes.AddRange(utf8);
        return this;
    }

    public PickleBuilder Integer(long value)
    {
        bytes.AddRange([0x8a, 8]);
        var buffer = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(buffer, value);
        bytes.AddRange(buffer);
        return this;
    }

    public PickleBuilder Global(string module, string name) => Op($"c{module}\n{name}\n");

    public PickleBuilder Tuple(params long[] values)
    {
        Op("(");
        foreach (var value in values)
            Integer(value);
        return Op("t");
    }

    /// <summary>A tensor as torch.save writes it.</summary>
    public PickleBuilder Tensor(string storage, string key, long count, long offset, long[] shape, long[] strides) =>
        Global("torch._utils", "_rebuild_tensor_v2")
            .Op("((")
            .Text("storage")
            .Global("torch", storage)
            .Text(key)
            .Text("cpu")
            .Integer(count)
            .Op("tQ")
            .Integer(offset)
            .Tuple(shape)
            .Tuple(strides)
            .Op("\x89)tR");

    /// <summary>The zip format, with the records of storages.</summary>
    public byte[] ToZip(params (string Key, byte[] Data)[] storages)
    {
        using var stream = new MemoryStream();
        using (var zip = new ZipArchive(stream, ZipArchiveMode.Create))
        {
            Add("top/data.pkl", ToArray());
            foreach (var (key, data) in storages)
                Add($"top/data/{key}", data);

            void Add(string name, byte[] data)
            {
                using var entry = zip.CreateEntry(name, CompressionLevel.NoCompression).Open();
                entry.Write(data);
            }
        }
        return stream.ToArray();
    }
}
