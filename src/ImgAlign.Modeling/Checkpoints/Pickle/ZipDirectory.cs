using System.Buffers.Binary;
using System.Text;

namespace ImgAlign.Checkpoints;

/// <summary>
/// The records of a zip archive and where their bytes lie in the file, so that they can be mapped. Only stored records are known here:
/// <c>torch.save</c> never compresses.
/// </summary>
internal static class ZipDirectory
{
    private const int MostBytes = 1 << 24;
    private const int EndBytes = 22,
        LocatorBytes = 20,
        End64Bytes = 56,
        EntryBytes = 46,
        HeaderBytes = 30;

    /// <summary>A record.</summary>
    /// <param name="Name">Its path in the archive.</param>
    /// <param name="HeaderOffset">Where its own header is in the file.</param>
    /// <param name="Length">Bytes of data.</param>
    public readonly record struct Entry(string Name, long HeaderOffset, long Length);

    /// <summary>Reads the central directory.</summary>
    /// <exception cref="FormatException">The archive is broken or has compressed records.</exception>
    public static Dictionary<string, Entry> Read(FileStream file)
    {
        var (offset, length, count) = FindDirectory(file);
        if (length > MostBytes || offset < 0 || length < 0 || offset > file.Length - length)
            throw new FormatException("its zip directory lies beyond the file.");
        var directory = ReadAt(file, offset, (int)length);
        var entries = new Dictionary<string, Entry>();
        var position = 0;
        for (var i = 0UL; i < count; i++)
        {
            if (directory.Length - position < EntryBytes || UInt32(directory, position) != 0x02014b50)
                throw new FormatException("its zip directory has fewer records than it claims.");
            var nameLength = UInt16(directory, position + 28);
            var extraLength = UInt16(directory, position + 30);
            var end = position + EntryBytes + nameLength + extraLength + UInt16(directory, position + 32);
            if (end > directory.Length)
                throw new FormatException("its zip directory ends in the middle.");
            var entry = ReadEntry(directory.AsSpan(position, EntryBytes + nameLength + extraLength), nameLength);
            if (entry.Length < 0 || entry.HeaderOffset < 0 || entry.HeaderOffset > file.Length - entry.Length - HeaderBytes)
                throw new FormatException($"its zip record '{entry.Name}' lies beyond the file.");
            if (!entries.TryAdd(entry.Name, entry))
                throw new FormatException($"its zip record '{entry.Name}' is there twice.");
            position = end;
        }
        return entries;
    }

    /// <summary>Where a record's data begins in the file.</summary>
    /// <exception cref="FormatException">The record's own header contradicts the directory, or the data lies beyond the file.</exception>
    public static long DataOffset(FileStream file, Entry entry)
    {
        var header = ReadAt(file, entry.HeaderOffset, HeaderBytes);
        if (UInt32(header, 0) != 0x04034b50)
            throw new FormatException($"its zip record '{entry.Name}' has no header.");
        var offset = entry.HeaderOffset + HeaderBytes + UInt16(header, 26) + UInt16(header, 28);
        return offset <= file.Length - entry.Length
            ? offset
            : throw new FormatException($"its zip record '{entry.Name}' lies beyond the file.");
    }

    private static (long Offset, long Length, ulong Count) FindDirectory(FileStream file)
    {
        var tail = ReadAt(
            file,
            Math.Max(0, file.Length - EndBytes - ushort.MaxValue),
            (int)Math.Min(file.Length, EndBytes + ushort.MaxValue)
        );
        var tailStart = file.Length - tail.Length;
        for (var i = tail.Length - EndBytes; i >= 0; i--)
        {
            // The end's comment must fill the rest of the file exactly.
            if (UInt32(tail, i) != 0x06054b50 || i + EndBytes + UInt16(tail, i + 20) != tail.Length)
                continue;
            if (i >= LocatorBytes && UInt32(tail, i - LocatorBytes) == 0x07064b50)
                return FindDirectory64(file, Int64(tail, i - LocatorBytes + 8));
            return (UInt32(tail, i + 16), UInt32(tail, i + 12), UInt16(tail, i + 10));
        }
        throw new FormatException("its end is missing; it was probably not downloaded completely.");
    }

    private static (long Offset, long Length, ulong Count) FindDirectory64(FileStream file, long offset)
    {
        if (offset < 0 || offset > file.Length - End64Bytes)
            throw new FormatException("its zip directory lies beyond the file.");
        var end = ReadAt(file, offset, End64Bytes);
        if (UInt32(end, 0) != 0x06064b50)
            throw new FormatException("its zip directory lies beyond the file.");
        return (Int64(end, 48), Int64(end, 40), (ulong)Int64(end, 32));
    }

    private static Entry ReadEntry(ReadOnlySpan<byte> entry, int nameLength)
    {
        var name = Encoding.UTF8.GetString(entry.Slice(EntryBytes, nameLength));
        if ((UInt16(entry, 8) & 1) != 0)
            throw new FormatException($"its zip record '{name}' is encrypted.");
        if (UInt16(entry, 10) != 0)
            throw new FormatException(
                $"its zip record '{name}' is compressed, which torch.save never does; save the file anew with torch.save."
            );
        long compressed = UInt32(entry, 20),
            length = UInt32(entry, 24),
            offset = UInt32(entry, 42);
        var extra = entry[(EntryBytes + nameLength)..];
        while (extra.Length >= 4)
        {
            var size = UInt16(extra, 2);
            if (size > extra.Length - 4)
                break;
            if (UInt16(extra, 0) == 1)
                ReadExtra64(extra.Slice(4, size), ref length, ref compressed, ref offset);
            extra = extra[(4 + size)..];
        }
        if (compressed != length)
            throw new FormatException($"its zip record '{name}' has two lengths.");
        return new Entry(name, offset, length);
    }

    // The 64-bit values of those fields that are all ones, in this order.
    private static void ReadExtra64(ReadOnlySpan<byte> values, ref long length, ref long compressed, ref long offset)
    {
        Take(ref values, ref length);
        Take(ref values, ref compressed);
        Take(ref values, ref offset);

        static void Take(ref ReadOnlySpan<byte> values, ref long field)
        {
            if (field != uint.MaxValue)
                return;
            if (values.Length < 8)
                throw new FormatException("its zip directory ends in the middle.");
            field = Int64(values, 0);
            values = values[8..];
        }
    }

    private static byte[] ReadAt(FileStream file, long offset, int length)
    {
        var bytes = new byte[length];
        file.Position = offset;
        file.ReadExactly(bytes);
        return bytes;
    }

    private static ushort UInt16(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[offset..]);

    private static uint UInt32(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadUInt32LittleEndian(bytes[offset..]);

    private static long Int64(ReadOnlySpan<byte> bytes, int offset) => BinaryPrimitives.ReadInt64LittleEndian(bytes[offset..]);
}
