using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace ImgAlign.Imaging;

/// <summary>
/// Texts in PNG files (PNG specification, 11.3.3): <c>tEXt</c> where they are ASCII, else <c>iTXt</c> in UTF-8. SkiaSharp's encoder
/// writes none.
/// </summary>
internal static class PngTexts
{
    private const int HeaderLength = 8 + 25; // the signature and IHDR, which comes first
    private const string Xmp = "XML:com.adobe.xmp"; // must be iTXt

    /// <summary>A PNG file with texts behind its header.</summary>
    /// <param name="png">The file.</param>
    /// <param name="texts">The texts by their keywords.</param>
    /// <exception cref="ArgumentException">A keyword is not 1 to 79 printable ASCII characters, or a text holds a NUL.</exception>
    public static byte[] Insert(ReadOnlySpan<byte> png, IReadOnlyDictionary<string, string> texts)
    {
        using var file = new MemoryStream(png.Length);
        file.Write(png[..HeaderLength]);
        foreach (var (keyword, text) in texts)
            Write(file, keyword, text);
        file.Write(png[HeaderLength..]);
        return file.ToArray();
    }

    private static void Write(MemoryStream file, string keyword, string text)
    {
        if (keyword.Length is < 1 or > 79 || keyword.Any(static character => character is < ' ' or > '~'))
            throw new ArgumentException($"'{keyword}' is no keyword of a PNG text; use 1 to 79 printable ASCII characters.");
        if (text.Contains('\0', StringComparison.Ordinal))
            throw new ArgumentException($"The text '{keyword}' holds a NUL, which ends texts in PNG files; leave it out.");
        var isInternational = keyword == Xmp || !Ascii.IsValid(text);
        var type = isInternational ? "iTXt"u8 : "tEXt"u8;
        // Behind the keyword: not compressed, no language, no translated keyword.
        var body = Encoding.UTF8.GetBytes(isInternational ? $"{keyword}\0\0\0\0\0{text}" : $"{keyword}\0{text}");
        Span<byte> number = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(number, body.Length);
        file.Write(number);
        file.Write(type);
        file.Write(body);
        var sum = new Crc32();
        sum.Append(type);
        sum.Append(body);
        BinaryPrimitives.WriteUInt32BigEndian(number, sum.GetCurrentHashAsUInt32());
        file.Write(number);
    }
}
