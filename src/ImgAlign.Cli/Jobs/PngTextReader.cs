using System.IO.Compression;
using System.Text;
using MetadataExtractor.Formats.Png;
using MetadataExtractor.IO;

namespace ImgAlign.Cli.Jobs;

/// <summary>Reads texts of PNG files, no longer ones than a picture may carry: a small file may hold a text that unpacks to a huge
/// one.</summary>
internal static class PngTextReader
{
    private const int MostBytes = 1 << 22;

    private static readonly PngChunkType[] Types = [PngChunkType.tEXt, PngChunkType.zTXt, PngChunkType.iTXt];

    /// <summary>The first text of a keyword; null where there is none.</summary>
    /// <param name="picture">The file.</param>
    /// <param name="keyword">The keyword.</param>
    /// <param name="remedy">What to do where it cannot be read.</param>
    /// <exception cref="ImgAlignException">The file is no PNG, or damaged, or the text is too long.</exception>
    public static string? Find(string picture, string keyword, string remedy)
    {
        var file = File.ReadAllBytes(picture);
        try
        {
            return new PngChunkReader()
                .Extract(new SequentialByteArrayReader(file), Types)
                .Select(chunk => Text(chunk, Encoding.Latin1.GetBytes(keyword + '\0')))
                .FirstOrDefault(static text => text is not null);
        }
        // Of a file that is not what it seems to be, the reader throws what its parts happen to throw.
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            var reason =
                exception is TooLongException
                    ? $"its text '{keyword}' has more than {MostBytes} bytes, which no picture carries"
                    : "this is no PNG, or a damaged one";
            throw new ImgAlignException($"{picture}: {reason}; {remedy}.", exception);
        }
    }

    // PNG specification, 11.3.3: behind the keyword of zTXt a byte for the way of packing; of iTXt whether it is packed, the way, and two
    // more texts, language and translated keyword.
    private static string? Text(PngChunk chunk, byte[] start)
    {
        if (!chunk.Bytes.AsSpan().StartsWith(start))
            return null;
        var body = chunk.Bytes.AsMemory(start.Length);
        if (chunk.ChunkType.Equals(PngChunkType.tEXt))
            return Encoding.Latin1.GetString(Bounded(body, isPacked: false));
        if (chunk.ChunkType.Equals(PngChunkType.zTXt))
            return Encoding.Latin1.GetString(Bounded(body[1..], isPacked: true));
        var isPacked = body.Span[0] == 1;
        var rest = Behind(Behind(body[2..]));
        return Encoding.UTF8.GetString(Bounded(rest, isPacked));
    }

    private static ReadOnlyMemory<byte> Behind(ReadOnlyMemory<byte> text) => text[(text.Span.IndexOf((byte)0) + 1)..];

    private static byte[] Bounded(ReadOnlyMemory<byte> bytes, bool isPacked)
    {
        using Stream stored = new MemoryStream(bytes.ToArray());
        using var source = isPacked ? new ZLibStream(stored, CompressionMode.Decompress) : stored;
        var buffer = new byte[MostBytes + 1];
        var count = source.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
        return count <= MostBytes ? buffer[..count] : throw new TooLongException();
    }

    private sealed class TooLongException : Exception;
}
