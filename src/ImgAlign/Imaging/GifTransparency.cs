namespace ImgAlign.Imaging;

/// <summary>
/// Which colour a GIF's transparent pixels have. Decoders lose it, since they leave such pixels out; so the mark is taken out of the file
/// first, and the pixels come back in the colour that their palette entry stores, as in Pillow.
/// </summary>
internal static class GifTransparency
{
    private const int ScreenEnd = 13;
    private const int DescriptorLength = 10;
    private const byte Extension = 0x21;
    private const byte GraphicControl = 0xF9;
    private const byte ImageDescriptor = 0x2C;

    /// <summary>Whether a file is a GIF.</summary>
    public static bool IsGif(ReadOnlySpan<byte> file) => file.Length > ScreenEnd && file.StartsWith("GIF8"u8);

    /// <summary>Unmarks the transparent colour of the first frame.</summary>
    /// <param name="file">A GIF file, changed in place. One that ends too early stays as it is: decoding it says what is wrong.</param>
    /// <returns>The colour of what the first frame does not cover: the transparent one, or else the palette's first.</returns>
    public static (byte Red, byte Green, byte Blue) Remove(Span<byte> file)
    {
        var index = 0;
        var at = ScreenEnd + TableLength(file[10]);
        while (at + DescriptorLength <= file.Length)
        {
            if (file[at] == ImageDescriptor)
            {
                var local = TableLength(file[at + DescriptorLength - 1]);
                var palette = local > 0 ? Part(file, at + DescriptorLength, local) : Part(file, ScreenEnd, TableLength(file[10]));
                return 3 * index + 2 < palette.Length ? (palette[3 * index], palette[3 * index + 1], palette[3 * index + 2]) : default;
            }
            if (file[at] != Extension)
                break;
            if (file[at + 1] == GraphicControl && (file[at + 3] & 1) != 0)
            {
                file[at + 3] &= 0xFE;
                index = file[at + 6];
            }
            for (at += 2; at < file.Length && file[at] != 0; )
                at += 1 + file[at];
            at++;
        }
        return default;
    }

    // Bit 7: there is a table; bits 0 to 2: it has 2^(n + 1) colours.
    private static int TableLength(byte flags) => (flags & 0x80) == 0 ? 0 : 3 << ((flags & 7) + 1);

    private static ReadOnlySpan<byte> Part(ReadOnlySpan<byte> file, int start, int length) =>
        start + length <= file.Length ? file.Slice(start, length) : [];
}
