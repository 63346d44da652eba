using System.Buffers.Binary;
using ImgAlign.Imaging;
using ImgAlign.Tests.Checkpoints;

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
        Assert.Contains("missing", Assert.Throws<ImgAlignException>(() => ImageFile.Load(folder.File("none.png"))).Message, StringComparison.Ordinal);
        Assert.Contains("missing", Assert.Throws<ImgAlignException>(() => ImageFile.Load(folder.Path)).Message, StringComparison.Ordinal);
        foreach (var contents in (string[])["", "a", "no image at all", new string('x', 10_000)])
            Assert.Contains("not an image", Assert.Throws<ImgAlignException>(() => ImageFile.Load(folder.Write("text.png", contents))).Message, StringComparison.Ordinal);
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
        var before = GC.GetTotalAllocatedBytes();
        Assert.Contains("bomb.png", Assert.Throws<ImgAlignException>(() => ImageFile.Load(path)).Message, StringComparison.Ordinal);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 1 << 20);
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
            for (var k = 0; k <= i % 4; k++) damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            var path = folder.Write("damaged.png", damaged);
            if (Record.Exception(() => ImageFile.Load(path)) is { } exception) Assert.IsType<ImgAlignException>(exception);
        }
    }

    [Fact]
    public void A_failed_write_leaves_no_file()
    {
        using var folder = new TemporaryFolder();
        Assert.ThrowsAny<IOException>(() => ImageFile.SavePng(Path.Combine(folder.Path, "nowhere", "a.png"), TestImages.Noise(2, 2)));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    private static uint Crc32(ReadOnlySpan<byte> data)
    {
        var crc = uint.MaxValue;
        foreach (var value in data)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xEDB88320 & (0 - (crc & 1)));
        }
        return ~crc;
    }
}
