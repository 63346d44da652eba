using ImgAlign.Imaging;

namespace ImgAlign.Tests.Imaging;

public class SideBySideTests
{
    [Fact]
    public void Images_stand_in_a_row_on_white()
    {
        var (before, after) = (TestImages.Noise(4, 3, seed: 1), TestImages.Noise(2, 5, seed: 2));
        var joined = SideBySide.Join(before, after);
        Assert.Equal(new ImageSize(4 + 8 + 2, 5), joined.Size);
        Assert.Equal(before.At(3, 2), joined.At(3, 2));
        Assert.Equal(after.At(1, 4), joined.At(13, 4));
        Assert.Equal((255, 255, 255), joined.At(0, 4));
        Assert.Equal((255, 255, 255), joined.At(8, 0));
    }

    [Fact]
    public void Small_images_are_enlarged_pixel_by_pixel()
    {
        var image = TestImages.Noise(32, 20, seed: 3);
        var enlarged = SideBySide.Enlarge(image);
        Assert.Equal(new ImageSize(256, 160), enlarged.Size);
        Assert.Equal(image.At(3, 2), enlarged.At(24, 16));
        Assert.Equal(image.At(3, 2), enlarged.At(31, 23));
        Assert.Equal(image.At(31, 19), enlarged.At(255, 159));
        Assert.Equal(new ImageSize(200, 3), SideBySide.Enlarge(TestImages.Noise(200, 3, seed: 4)).Size);
    }

    [Fact]
    public void Nothing_cannot_be_joined() => Assert.Throws<ArgumentOutOfRangeException>(() => SideBySide.Join());
}
