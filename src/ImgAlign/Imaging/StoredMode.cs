using System.Buffers.Binary;

namespace ImgAlign.Imaging;

/// <summary>What an image file's pixels are, by its header: decoders give red, green, blue and alpha whatever they were.</summary>
/// <param name="IsIndexed">Whether they are numbers of a palette, or single bits.</param>
/// <param name="HasAlpha">Whether transparency, where the file has any, is a matter of single pixels or of a palette's colours, and not of
/// one colour that is marked.</param>
internal readonly record struct StoredMode(bool IsIndexed, bool HasAlpha)
{
    private const int PngBits = 24,
        PngColours = 25,
        BmpBits = 28;
    private const byte TrueColour = 2,
        Palette = 3;

    /// <summary>Reads a file's header; what is no such file, or cut off, is not indexed.</summary>
    public static StoredMode Of(ReadOnlySpan<byte> file)
    {
        if (GifTransparency.IsGif(file))
            return new(IsIndexed: true, HasAlpha: true);
        if (file.Length > PngColours && file[1..].StartsWith("PNG"u8))
            return new(file[PngColours] == Palette || file[PngBits] == 1, file[PngColours] != TrueColour);
        if (file.Length > BmpBits + 1 && file.StartsWith("BM"u8))
            return new(BinaryPrimitives.ReadUInt16LittleEndian(file[BmpBits..]) <= 8, HasAlpha: true);
        return new(IsIndexed: false, HasAlpha: true);
    }
}
