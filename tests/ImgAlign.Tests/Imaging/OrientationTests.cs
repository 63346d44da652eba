using System.Buffers.Binary;
using ImgAlign.Imaging;
using ImgAlign.Tests.Checkpoints;
using SkiaSharp;

namespace ImgAlign.Tests.Imaging;

public class OrientationTests
{
    // Where the stored corners top left, top right, bottom left and bottom right are shown (EXIF 2.3, tag 0x0112).
    private static readonly string[] Corners = ["abcd", "badc", "dcba", "cdab", "acbd", "cadb", "dbca", "bdac"];

    [Theory]
    [InlineData("jpg")]
    [InlineData("png")]
    [InlineData("webp")]
    public void A_picture_is_turned_as_its_EXIF_orientation_says(string format)
    {
        foreach (var orientation in Enumerable.Range(1, 8))
            IsTurned(format, orientation);
    }

    private static void IsTurned(string format, int orientation)
    {
        using var folder = new TemporaryFolder();
        var image = ImageFile.Load(folder.Write($"a.{format}", WithOrientation(format, orientation)));
        Assert.Equal(orientation < 5 ? new ImageSize(48, 32) : new ImageSize(32, 48), image.Size);
        var (right, bottom) = (image.Width - 4, image.Height - 4);
        Assert.Equal(
            Corners[orientation - 1],
            string.Concat(Name(image.At(4, 4)), Name(image.At(right, 4)), Name(image.At(4, bottom)), Name(image.At(right, bottom)))
        );
    }

    private static char Name((byte Red, byte Green, byte Blue) colour) =>
        (colour.Red > 128, colour.Green > 128, colour.Blue > 128) switch
        {
            (true, false, false) => 'a',
            (false, true, false) => 'b',
            (false, false, true) => 'c',
            _ => 'd',
        };

    // Four quarters in four colours.
    private static byte[] WithOrientation(string format, int orientation)
    {
        using var bitmap = new SKBitmap(48, 32);
        for (var y = 0; y < 32; y++)
        for (var x = 0; x < 48; x++)
            bitmap.SetPixel(
                x,
                y,
                (x < 24, y < 16) switch
                {
                    (true, true) => SKColors.Red,
                    (false, true) => SKColors.Lime,
                    (true, false) => SKColors.Blue,
                    _ => SKColors.White,
                }
            );
        var kind = format switch
        {
            "jpg" => SKEncodedImageFormat.Jpeg,
            "png" => SKEncodedImageFormat.Png,
            _ => SKEncodedImageFormat.Webp,
        };
        using var data = bitmap.Encode(kind, 100);
        var (file, exif) = (data.ToArray(), Exif(orientation));
        return format switch
        {
            "jpg" => [.. file[..2], 0xFF, 0xE1, 0, (byte)(exif.Length + 8), .. "Exif\0\0"u8, .. exif, .. file[2..]],
            "png" => [.. file[..33], .. TestImages.PngChunk("eXIf"u8, exif), .. file[33..]],
            _ => Webp(file, exif),
        };
    }

    // One TIFF directory with one entry: tag 0x0112, SHORT, one value.
    private static byte[] Exif(int orientation) =>
        [.. "MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, 0, 0, 0, 0];

    // The extended format: a header that says that EXIF follows, the picture as it was, EXIF.
    private static byte[] Webp(byte[] file, byte[] exif)
    {
        var picture = file.AsSpan(12).StartsWith("VP8X"u8) ? file[30..] : file[12..];
        byte[] result =
        [
            .. "RIFF\0\0\0\0WEBPVP8X"u8,
            10,
            0,
            0,
            0,
            0x08,
            0,
            0,
            0,
            47,
            0,
            0,
            31,
            0,
            0,
            .. picture,
            .. "EXIF"u8,
            (byte)exif.Length,
            0,
            0,
            0,
            .. exif,
        ];
        BinaryPrimitives.WriteInt32LittleEndian(result.AsSpan(4), result.Length - 8);
        return result;
    }
}
