using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Training.Data;

/// <summary>
/// Features of frozen networks on disk, by the contents that they were computed from. One file that only grows: each record is a key of 32
/// bytes, the number of rows, and the rows in float32. A record that a killed process has left unfinished is cut off when the file is opened.
/// </summary>
public sealed class FeatureStore : IDisposable
{
    private const int KeyBytes = 32;
    private const int HeaderBytes = KeyBytes + sizeof(int);

    private readonly FileStream file;
    private readonly int width;
    private readonly Dictionary<string, (long Offset, int Rows)> records = [];

    /// <summary>Opens a store, or begins one.</summary>
    /// <param name="path">The file; its name should tell which networks the features are of (<see cref="ModelFingerprint"/>).</param>
    /// <param name="width">The width of a row.</param>
    public FeatureStore(string path, int width)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        this.width = width;
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        Index();
    }

    /// <summary>The number of records.</summary>
    public int Count => records.Count;

    /// <summary>The key of what features are computed from.</summary>
    /// <param name="parts">Bytes of files, texts as UTF-8.</param>
    public static string Key(params ReadOnlySpan<byte[]> parts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var part in parts)
        {
            hash.AppendData(BitConverter.GetBytes(part.LongLength));
            hash.AppendData(part);
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The key of a picture and a text.</summary>
    /// <param name="image">The picture file's bytes.</param>
    /// <param name="text">The text.</param>
    public static string Key(byte[] image, string text) => Key(image, Encoding.UTF8.GetBytes(text));

    /// <summary>Whether there are features of a key.</summary>
    /// <param name="key">From <see cref="Key(ReadOnlySpan{byte[]})"/>.</param>
    public bool Contains(string key) => records.ContainsKey(key);

    /// <summary>The features of a key, which are computed and stored where they are not there yet.</summary>
    /// <param name="key">From <see cref="Key(ReadOnlySpan{byte[]})"/>.</param>
    /// <param name="compute">Computes them, <c>[rows, width]</c>.</param>
    /// <returns><c>[rows, width]</c>, float32 on the CPU; the caller's.</returns>
    public Tensor GetOrAdd(string key, Func<Tensor> compute)
    {
        ArgumentNullException.ThrowIfNull(compute);
        if (!records.ContainsKey(key)) Append(key, compute);
        return Read(records[key]);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();

    private void Index()
    {
        var header = new byte[HeaderBytes];
        var end = 0L;
        while (end + HeaderBytes <= file.Length)
        {
            file.Position = end;
            file.ReadExactly(header);
            var rows = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(KeyBytes));
            var next = end + HeaderBytes + (long)rows * width * sizeof(float);
            if (rows < 0 || next > file.Length) break;
            records[Convert.ToHexStringLower(header, 0, KeyBytes)] = (end + HeaderBytes, rows);
            end = next;
        }
        file.SetLength(end);
    }

    private void Append(string key, Func<Tensor> compute)
    {
        using var scope = NewDisposeScope();
        var features = compute().to(float32).cpu().contiguous();
        if (features.dim() != 2 || features.shape[1] != width)
            throw new ArgumentException($"Features of shape [{string.Join(", ", features.shape)}] do not belong into a store of rows of width {width}.", nameof(compute));
        var rows = checked((int)features.shape[0]);
        var record = new byte[HeaderBytes + (long)rows * width * sizeof(float)];
        Convert.FromHexString(key).CopyTo(record, 0);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(KeyBytes), rows);
        features.bytes.CopyTo(record.AsSpan(HeaderBytes));
        file.Position = file.Length;
        var offset = file.Position + HeaderBytes;
        file.Write(record);
        file.Flush();
        records.Add(key, (offset, rows));
    }

    private Tensor Read((long Offset, int Rows) record)
    {
        var values = new float[(long)record.Rows * width];
        file.Position = record.Offset;
        file.ReadExactly(System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan()));
        return tensor(values, [record.Rows, width]);
    }
}
