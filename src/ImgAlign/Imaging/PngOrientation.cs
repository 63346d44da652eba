using System.Buffers.Binary;
using SkiaSharp;

namespace ImgAlign.Imaging;

/// <summary>The EXIF orientation of PNG files, which Skia reads of JPEG and WebP only: chunk <c>eXIf</c> of the PNG specification, third
/// edition.</summary>
internal static class PngOrientation
{
    private const int SignatureLength = 8;
    private const int ChunkOverhead = 12;
    private const int EntryLength = 12;
    private const int OrientationTag = 0x0112;

    /// <summary>The orientation; as stored, where the file says nothing that can be understood.</summary>
    public static SKEncodedOrigin Read(ReadOnlySpan<byte> file)
    {
        var rest = file[SignatureLength..];
        while (rest.Length >= ChunkOverhead && BinaryPrimitives.ReadUInt32BigEndian(rest) <= rest.Length - ChunkOverhead)
        {
            var length = (int)BinaryPrimitives.ReadUInt32BigEndian(rest);
            if (rest[4..].StartsWith("eXIf"u8))
                return Find(rest.Slice(8, length));
            rest = rest[(length + ChunkOverhead)..];
        }
        return SKEncodedOrigin.Default;
    }

    // A TIFF header of 8 bytes says the byte order and where the directory is; an entry is tag, type, count, value.
    private static SKEncodedOrigin Find(ReadOnlySpan<byte> exif)
    {
        var isBigEndian = exif.StartsWith("MM"u8);
        var start = exif.Length < 8 ? 0 : ReadInt32(exif[4..], isBigEndian);
        if (start < 8 || start > exif.Length - 2)
            return SKEncodedOrigin.Default;
        var entries = exif[(start + 2)..];
        for (
            var left = ReadUInt16(exif[start..], isBigEndian);
            left > 0 && entries.Length >= EntryLength;
            left--, entries = entries[EntryLength..]
        )
        {
            if (ReadUInt16(entries, isBigEndian) == OrientationTag && ReadUInt16(entries[8..], isBigEndian) is >= 1 and <= 8 and var value)
                return (SKEncodedOrigin)value;
        }
        return SKEncodedOrigin.Default;
    }

    private static int ReadInt32(ReadOnlySpan<byte> bytes, bool isBigEndian) =>
        isBigEndian ? BinaryPrimitives.ReadInt32BigEndian(bytes) : BinaryPrimitives.ReadInt32LittleEndian(bytes);

    private static ushort ReadUInt16(ReadOnlySpan<byte> bytes, bool isBigEndian) =>
        isBigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);
}
