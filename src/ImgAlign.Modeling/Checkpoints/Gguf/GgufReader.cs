using System.Text;

namespace ImgAlign.Checkpoints;

/// <summary>Reads the numbers and texts of a GGUF header, and never beyond the file or a longest header.</summary>
internal sealed class GgufReader : IDisposable
{
    /// <summary>The type numbers of metadata that are not of a fixed size.</summary>
    public const uint Text = 8,
        Array = 9;

    // Headers of language models hold their vocabulary, some ten million bytes.
    private const long LongestHeader = 1 << 25;

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private readonly BinaryReader reader;
    private readonly long end;

    /// <summary>Opens a file.</summary>
    /// <param name="path">The file.</param>
    public GgufReader(string path)
    {
        reader = new BinaryReader(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16));
        FileLength = reader.BaseStream.Length;
        end = Math.Min(FileLength, LongestHeader);
    }

    /// <summary>Bytes of the file.</summary>
    public long FileLength { get; }

    /// <summary>Bytes that have been read.</summary>
    public long Position => reader.BaseStream.Position;

    private long Remaining => end - Position;

    /// <summary>The next four bytes as a number.</summary>
    public uint UInt32()
    {
        Require(4);
        return reader.ReadUInt32();
    }

    /// <summary>The next eight bytes as a number.</summary>
    public ulong UInt64()
    {
        Require(8);
        return reader.ReadUInt64();
    }

    /// <summary>A size or place.</summary>
    /// <param name="what">What it stands for, for the message.</param>
    /// <param name="most">The largest that is allowed.</param>
    public long Size(string what, long most = long.MaxValue) =>
        UInt64() is var number && number <= (ulong)most
            ? (long)number
            : throw new FormatException($"{what} is {number}, more than {most}; download the file again.");

    /// <summary>A text, after its length.</summary>
    /// <param name="what">What it stands for, for the message.</param>
    /// <param name="longest">The most bytes that are allowed.</param>
    public string String(string what, long longest = LongestHeader)
    {
        var length = Size($"the length of {what}", longest);
        Require(length);
        return Utf8.GetString(reader.ReadBytes((int)length));
    }

    /// <summary>A value of metadata that is neither text nor array.</summary>
    /// <param name="type">Its type number.</param>
    public object Number(uint type)
    {
        Require(SizeOf(type));
        return type switch
        {
            0 => reader.ReadByte(),
            1 => reader.ReadSByte(),
            2 => reader.ReadUInt16(),
            3 => reader.ReadInt16(),
            4 => reader.ReadUInt32(),
            5 => reader.ReadInt32(),
            6 => reader.ReadSingle(),
            7 => reader.ReadByte() != 0,
            10 => reader.ReadUInt64(),
            11 => reader.ReadInt64(),
            _ => reader.ReadDouble(),
        };
    }

    /// <summary>Passes over an array.</summary>
    /// <returns>The number of its elements.</returns>
    public long SkipArray()
    {
        var type = UInt32();
        if (type == Array)
            throw new FormatException("it has an array of arrays, which is not read here; take a file without.");
        var count = Size("the length of an array", Remaining); // no element is smaller than a byte
        if (type != Text)
            Skip(count * SizeOf(type));
        else
            for (var index = 0L; index < count; index++)
                Skip(Size("the length of a text", LongestHeader));
        return count;
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => reader.Dispose();

    private void Skip(long bytes)
    {
        Require(bytes);
        reader.BaseStream.Seek(bytes, SeekOrigin.Current);
    }

    private void Require(long bytes)
    {
        if (bytes <= Remaining)
            return;
        throw new FormatException(
            end == FileLength
                ? "it ends in the middle; the file was probably not downloaded completely."
                : $"it is longer than {LongestHeader} bytes; take the file of a FLUX transformer."
        );
    }

    private static int SizeOf(uint type) =>
        type switch
        {
            0 or 1 or 7 => 1,
            2 or 3 => 2,
            4 or 5 or 6 => 4,
            10 or 11 or 12 => 8,
            _ => throw new FormatException($"it has metadata of the type {type}, which is not known; download the file again."),
        };
}
