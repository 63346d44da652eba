using System.Buffers;
using Microsoft.Win32.SafeHandles;

namespace ImgAlign.Hub.Transfer;

/// <summary>
/// A file that is not whole yet. Behind its content stands one byte for each part, 1 once the part is written; a part's byte is written
/// after the part, so that a killed process leaves nothing that the next one takes for more than it is. A file without these bytes is
/// whole, but not verified.
/// </summary>
internal sealed class PartialFile : IDisposable
{
    private const int BufferSize = 1 << 20;

    private readonly long _size;
    private readonly int _partSize;
    private readonly SafeFileHandle _file;
    private readonly TaskCompletionSource[] _parts;

    private PartialFile(string path, long size, int partSize)
    {
        Path = path;
        _size = size;
        _partSize = partSize;
        _parts = [.. Enumerable.Range(0, CountOfParts(size, partSize)).Select(_ => new TaskCompletionSource())];
        _file = File.OpenHandle(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.Read);
    }

    public string Path { get; }

    /// <summary>The parts that are not there yet, in their order.</summary>
    public IEnumerable<FilePart> Missing =>
        Enumerable
            .Range(0, _parts.Length)
            .Where(i => !_parts[i].Task.IsCompleted)
            .Select(i => new FilePart((long)i * _partSize, Math.Min(_size, (i + 1L) * _partSize)));

    /// <summary>Whether some part is there, so that the next attempt need not begin from nothing.</summary>
    public bool HasParts => _parts.Any(part => part.Task.IsCompleted);

    /// <summary>The whole content as one part.</summary>
    public FilePart Whole => new(0, _size);

    /// <summary>Goes on with the file at <paramref name="path"/>, or begins it.</summary>
    public static PartialFile Open(string path, long size, int partSize)
    {
        var partial = new PartialFile(path, size, partSize);
        var marks = ReadMarks(partial._file, size, partial._parts.Length);
        if (marks is null)
            RandomAccess.SetLength(partial._file, 0);
        marks ??= new byte[partial._parts.Length];
        RandomAccess.SetLength(partial._file, size + marks.Length);
        RandomAccess.Write(partial._file, marks, size);
        for (var i = 0; i < marks.Length; i++)
            if (marks[i] == 1)
                partial._parts[i].SetResult();
        return partial;
    }

    /// <summary>Bytes that need not be fetched again, of the file at <paramref name="path"/>.</summary>
    public static long BytesPresent(string path, long size, int partSize)
    {
        try
        {
            using var file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var marks = ReadMarks(file, size, CountOfParts(size, partSize)) ?? [];
            return Enumerable.Range(0, marks.Length).Where(i => marks[i] == 1).Sum(i => Math.Min(partSize, size - ((long)i * partSize)));
        }
        catch (IOException exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return 0; // never begun, or another process has just finished it
        }
    }

    public void Write(ReadOnlySpan<byte> bytes, long position) => RandomAccess.Write(_file, bytes, position);

    /// <summary>Notes down that <paramref name="part"/> is there: one part, or all of them.</summary>
    public void Complete(FilePart part)
    {
        var first = part.Start / _partSize;
        var last = Math.Max(first, (part.End - 1) / _partSize);
        for (var i = first; i <= last; i++)
        {
            RandomAccess.Write(_file, [1], _size + i);
            _parts[i].TrySetResult();
        }
    }

    /// <summary>
    /// The checksum of the content, of the kind of <paramref name="expected"/>, in hexadecimal digits. It follows the parts as they come,
    /// so that little is left to do after the last.
    /// </summary>
    public async Task<string> ChecksumAsync(string expected, CancellationToken cancellationToken)
    {
        using var hash = Checksum.Begin(expected, _size);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            for (long position = 0; position < _size; )
            {
                var part = position / _partSize;
                await _parts[part].Task.WaitAsync(cancellationToken).ConfigureAwait(false);
                var wanted = (int)Math.Min(Math.Min(_size, (part + 1) * _partSize) - position, buffer.Length);
                var count = RandomAccess.Read(_file, buffer.AsSpan(0, wanted), position);
                if (count == 0)
                    throw new IOException($"{Path} became shorter while it was read.");
                hash.AppendData(buffer, 0, count);
                position += count;
            }
            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Leaves the content alone, on the disk itself, so that it can get its name.</summary>
    public void Finish()
    {
        RandomAccess.SetLength(_file, _size);
        RandomAccess.FlushToDisk(_file);
    }

    public void Dispose() => _file.Dispose();

    // An empty file is one empty part: the hub is asked for it as for any other, and may refuse it.
    private static int CountOfParts(long size, int partSize) => checked((int)Math.Max(1, (size + partSize - 1) / partSize));

    /// <summary>The bytes behind the content; null where the file is not of this form.</summary>
    private static byte[]? ReadMarks(SafeFileHandle file, long size, int count)
    {
        var marks = new byte[count];
        var length = RandomAccess.GetLength(file);
        if (length == size && size > 0)
            Array.Fill(marks, (byte)1);
        else if (length == size + count)
            RandomAccess.Read(file, marks, size);
        else
            return null;
        return marks;
    }
}
