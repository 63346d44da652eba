using System.Buffers.Binary;
using ImgAlign.Imaging;
using ImgAlign.Tests.Checkpoints;
using SkiaSharp;

namespace ImgAlign.Tests.Imaging;

public class ImageFileTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 77)]
    [InlineData(64, 48)]
    public void A_saved_image_is_read_back_to_the_bit(int width, int height)
    {
        using var folder = new TemporaryFolder();
        var image = TestImages.Noise(width, height);
        ImageFile.SavePng(folder.File("a.png"), image);
        ImageFile.SavePng(folder.File("a.png"), image);
        var back = ImageFile.Load(folder.File("a.png"));
        Assert.Equal(image.Size, back.Size);
        Assert.True(image.Pixels.SequenceEqual(back.Pixels));
        Assert.Equal(["a.png"], Directory.GetFiles(folder.Path).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData(0.1)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    public void A_file_that_was_cut_off_is_an_error_and_not_half_a_picture(double part)
    {
        using var folder = new TemporaryFolder();
        var png = ImageFile.EncodePng(TestImages.Noise(40, 30));
        var path = folder.Write("cut.png", png[..(int)(part * png.Length)]);
        Assert.Contains("cut.png", Assert.Throws<ImgAlignException>(() => ImageFile.Load(path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_image_is_named()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains(
            "missing",
            Assert.Throws<ImgAlignException>(() => ImageFile.Load(folder.File("none.png"))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "missing",
            Assert.Throws<ImgAlignException>(() => ImageFile.Load(folder.File("no/such/none.png"))).Message,
            StringComparison.Ordinal
        );
        Assert.Contains(
            "is a folder; give an image file",
            Assert.Throws<ImgAlignException>(() => ImageFile.Load(folder.Path)).Message,
            StringComparison.Ordinal
        );
        foreach (var contents in (string[])["", "a", "no image at all", new string('x', 10_000)])
            Assert.Contains(
                "not an image",
                Assert.Throws<ImgAlignException>(() => ImageFile.Load(folder.Write("text.png", contents))).Message,
                StringComparison.Ordinal
            );
    }

    [Theory]
    [InlineData(30_000, 30_000)]
    [InlineData(1_000_000, 1_000_000)]
    [InlineData(int.MaxValue, int.MaxValue)]
    public void A_size_that_no_memory_holds_is_refused_first(int width, int height)
    {
        using var folder = new TemporaryFolder();
        var png = ImageFile.EncodePng(TestImages.Noise(2, 2));
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(16), width);
        BinaryPrimitives.WriteInt32BigEndian(png.AsSpan(20), height);
        BinaryPrimitives.WriteUInt32BigEndian(png.AsSpan(29), Crc32(png.AsSpan(12, 17)));
        var path = folder.Write("bomb.png", png);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Contains("bomb.png", Assert.Throws<ImgAlignException>(() => ImageFile.Load(path)).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1 << 20);
    }

    [Fact]
    public void A_picture_for_which_there_is_not_enough_memory_is_refused_in_one_sentence()
    {
        var exception = Assert.Throws<ImgAlignException>(() => ImageFile.RequireMemory("big.png", 13000, 13000, 1_500_000_000));
        Assert.Equal(
            "big.png: 13000x13000 pixels need 1.7 GB of memory, and 1.5 GB are free; scale the picture down first.",
            exception.Message
        );
        ImageFile.RequireMemory("big.png", 13000, 13000, 1_700_000_000);
        ImageFile.RequireMemory("big.png", 13000, 13000, freeBytes: null);
    }

    [Fact]
    public void A_damaged_file_is_refused_or_read_but_never_crashes()
    {
        using var folder = new TemporaryFolder();
        var png = ImageFile.EncodePng(TestImages.Noise(24, 17));
        var random = new Random(5);
        for (var i = 0; i < 200; i++)
        {
            var damaged = png.ToArray();
            for (var k = 0; k <= i % 4; k++)
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            var path = folder.Write("damaged.png", damaged);
            if (Record.Exception(() => ImageFile.Load(path)) is { } exception)
                Assert.IsType<ImgAlignException>(exception);
        }
    }

    // 2x1 pixels, palette white and red, pixel 0 is entry 0, which is transparent; pixel 1 is entry 1. A canvas of 3x1: the last one is not
    // covered.
    [Fact]
    public void Transparent_pixels_of_a_GIF_have_the_colour_that_the_palette_stores()
    {
        using var folder = new TemporaryFolder();
        byte[] file =
        [
            .. "GIF89a"u8,
            3,
            0,
            1,
            0,
            0x80,
            0,
            0,
            255,
            255,
            255,
            255,
            0,
            0,
            0x21,
            0xF9,
            4,
            1,
            0,
            0,
            0,
            0,
            0x2C,
            0,
            0,
            0,
            0,
            2,
            0,
            1,
            0,
            0,
            2,
            2,
            0x44,
            0x0A,
            0,
            0x3B,
        ];
        var image = ImageFile.Load(folder.Write("a.gif", file));
        Assert.Equal([(255, 255, 255), (255, 0, 0), (255, 255, 255)], Enumerable.Range(0, 3).Select(x => image.At(x, 0)));
    }

    [Fact]
    public void Transparent_pixels_have_the_stored_colour()
    {
        using var folder = new TemporaryFolder();
        using var bitmap = new SKBitmap(new SKImageInfo(2, 1, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        bitmap.SetPixel(0, 0, new SKColor(250, 120, 10, 0));
        bitmap.SetPixel(1, 0, new SKColor(250, 120, 10, 128));
        using var pixels = bitmap.PeekPixels();
        using var data = pixels.Encode(SKPngEncoderOptions.Default);
        var image = ImageFile.Load(folder.Write("a", data!.ToArray()));
        Assert.Equal([(250, 120, 10), (250, 120, 10)], Enumerable.Range(0, 2).Select(x => image.At(x, 0)));
    }

    // Three pixels of a palette with tRNS: entry 0 is fully transparent.
    [Fact]
    public void Transparent_entries_of_a_PNG_palette_have_their_colour()
    {
        using var folder = new TemporaryFolder();
        var file = Convert.FromBase64String(
            "iVBORw0KGgoAAAANSUhEUgAAAAMAAAABCAMAAAAsPuSGAAAABlBMVEX///8KyB6heTaNAAAAAnRSTlMA"
                + "gJsrThgAAAAMSURBVHicY2BgZAAAAAYAApjVmZIAAAAASUVORK5CYII="
        );
        var image = ImageFile.Load(folder.Write("a.png", file));
        Assert.Equal([(255, 255, 255), (10, 200, 30), (255, 255, 255)], Enumerable.Range(0, 3).Select(x => image.At(x, 0)));
    }

    [Fact]
    public void A_picture_that_no_array_holds_is_an_error_and_not_an_overflow()
    {
        var image = new RgbImage(30_000, 20_000, new byte[3 * 30_000 * 20_000]);
        Assert.Contains(
            "30000x20000 pixels is too large",
            Assert.Throws<ImgAlignException>(() => ImageFile.EncodePng(image)).Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void A_failed_write_leaves_no_file()
    {
        using var folder = new TemporaryFolder();
        Assert.ThrowsAny<IOException>(() => ImageFile.SavePng(Path.Combine(folder.Path, "nowhere", "a.png"), TestImages.Noise(2, 2)));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    internal static uint Crc32(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++)
                crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
        }
        return ~crc;
    }
}
