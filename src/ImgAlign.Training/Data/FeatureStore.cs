using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Training.Data;

/// <summary>
/// Features of frozen networks on disk, by the contents that they were computed from. One file that only grows. It begins with what it
/// holds (<c>IMGFEAT1</c>, the width of a row, the networks' fingerprint); each record is a key of 32 bytes, the number of rows, a checksum
/// of both, and the rows in float32. The last record is cut off where a killed process has left it unfinished; nothing else is ever cut.
/// </summary>
public sealed class FeatureStore : IDisposable
{
    private const int KeyBytes = 32;
    private const int ChecksumBytes = 8;
    private const int RecordHeaderBytes = KeyBytes + sizeof(int) + ChecksumBytes;

    private static ReadOnlySpan<byte> Magic => "IMGFEAT1"u8;

    private readonly string path;
    private readonly FileStream file;
    private readonly int width;
    private readonly Dictionary<string, (long Offset, int Rows)> records = [];

    /// <summary>Opens a store, or begins one.</summary>
    /// <param name="path">The file.</param>
    /// <param name="width">The width of a row.</param>
    /// <param name="fingerprint">Which networks the features are of, and in which number format (<see cref="ModelFingerprint"/>).</param>
    /// <exception cref="ImgAlignException">The file holds something else, or is damaged; it stays as it is.</exception>
    public FeatureStore(string path, int width, string fingerprint)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(width, 1);
        ArgumentNullException.ThrowIfNull(fingerprint);
        (this.path, this.width) = (path, width);
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
        try
        {
            Index(BeginOrCheck(fingerprint));
        }
        catch
        {
            file.Dispose();
            throw;
        }
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
        if (!records.ContainsKey(key))
            Append(key, compute);
        return Read(records[key]);
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => file.Dispose();

    // Where the records begin.
    private long BeginOrCheck(string fingerprint)
    {
        var expected = FileHeader(fingerprint);
        var found = new byte[Math.Min(expected.Length, file.Length)];
        file.ReadExactly(found);
        if (found.AsSpan().SequenceEqual(expected))
            return expected.Length;
        if (file.Length >= expected.Length || !expected.AsSpan().StartsWith(found))
        {
            throw new ImgAlignException(
                found.AsSpan().StartsWith(Magic)
                    ? $"{path}: the features in this file are not of width {width} and of the networks {fingerprint}; name "
                        + "another cache folder, or delete the file."
                    : $"{path}: not a file of features, or one of an older version; name another cache folder, or delete the file."
            );
        }
        file.Position = 0;
        file.Write(expected);
        file.Flush();
        return expected.Length;
    }

    private byte[] FileHeader(string fingerprint)
    {
        var name = Encoding.UTF8.GetBytes(fingerprint);
        var header = new byte[Magic.Length + 2 * sizeof(int) + name.Length];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(Magic.Length), width);
        BinaryPrimitives.WriteInt32LittleEndian(header.AsSpan(Magic.Length + sizeof(int)), name.Length);
        name.CopyTo(header, Magic.Length + 2 * sizeof(int));
        return header;
    }

    private void Index(long start)
    {
        var header = new byte[RecordHeaderBytes];
        while (start + RecordHeaderBytes <= file.Length)
        {
            file.Position = start;
            file.ReadExactly(header);
            if (!Checksum(header).SequenceEqual(header.AsSpan(KeyBytes + sizeof(int))))
                throw new ImgAlignException(
                    $"{path}: the record at byte {start} is damaged, so that it is not known where the next one begins; delete "
                        + "the file, and the features are computed anew."
                );
            var rows = BinaryPrimitives.ReadInt32LittleEndian(header.AsSpan(KeyBytes));
            var next = start + RecordHeaderBytes + (long)rows * width * sizeof(float);
            if (next > file.Length)
                break;
            records[Convert.ToHexStringLower(header, 0, KeyBytes)] = (start + RecordHeaderBytes, rows);
            start = next;
        }
        file.SetLength(start);
    }

    private static ReadOnlySpan<byte> Checksum(ReadOnlySpan<byte> header) =>
        SHA256.HashData(header[..(KeyBytes + sizeof(int))]).AsSpan(0, ChecksumBytes);

    private void Append(string key, Func<Tensor> compute)
    {
        using var scope = NewDisposeScope();
        var features = compute().to(float32).cpu().contiguous();
        if (features.dim() != 2 || features.shape[1] != width)
            throw new ArgumentException(
                $"Features of shape [{string.Join(", ", features.shape)}] do not belong into a store of rows of width {width}.",
                nameof(compute)
            );
        var rows = checked((int)features.shape[0]);
        var record = new byte[RecordHeaderBytes + (long)rows * width * sizeof(float)];
        Convert.FromHexString(key).CopyTo(record, 0);
        BinaryPrimitives.WriteInt32LittleEndian(record.AsSpan(KeyBytes), rows);
        Checksum(record).CopyTo(record.AsSpan(KeyBytes + sizeof(int)));
        features.bytes.CopyTo(record.AsSpan(RecordHeaderBytes));
        file.Position = file.Length;
        var offset = file.Position + RecordHeaderBytes;
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
