using CsCheck;
using ImgAlign.Imaging;

namespace ImgAlign.Tests.Imaging;

/// <summary>Beside the golden cases: what holds for every image and size.</summary>
public class PillowResizeTests
{
    private static readonly Gen<ResampleFilter> Filters = Gen.Enum<ResampleFilter>();
    private static readonly Gen<int> Sides = Gen.Int[1, 60];

    [Fact]
    public void An_image_of_one_colour_stays_one() =>
        Gen.Select(Filters, Sides, Sides, Sides, Sides, Gen.Byte)
            .Sample(
                (filter, width, height, newWidth, newHeight, level) =>
                {
                    var resized = PillowResize.Resize(TestImages.Plain(width, height, level, 0, 255), newWidth, newHeight, filter);
                    Assert.True(resized.Pixels.SequenceEqual(TestImages.Plain(newWidth, newHeight, level, 0, 255).Pixels));
                }
            );

    [Fact]
    public void A_region_is_a_part_of_the_whole() =>
        Gen.Select(Filters, Sides, Sides, Sides, Sides, Gen.Double.Unit, Gen.Double.Unit)
            .Sample(
                (filter, width, height, newWidth, newHeight, u, v) =>
                {
                    var image = TestImages.Noise(width, height);
                    var (left, top) = ((int)(u * newWidth), (int)(v * newHeight));
                    var (regionWidth, regionHeight) = (newWidth - left, Math.Max(1, (newHeight - top) / 2));
                    var region = PillowResize.ResizeRegion(image, newWidth, newHeight, filter, left, top, regionWidth, regionHeight);
                    var whole = PillowResize.Resize(image, newWidth, newHeight, filter);
                    Assert.True(region.Pixels.SequenceEqual(Canvas.Crop(whole, left, top, regionWidth, regionHeight).Pixels));
                }
            );

    [Fact]
    public void The_same_size_is_the_same_image()
    {
        var image = TestImages.Noise(9, 5);
        foreach (var filter in Enum.GetValues<ResampleFilter>())
            Assert.True(image.Pixels.SequenceEqual(PillowResize.Resize(image, 9, 5, filter).Pixels));
    }

    [Fact]
    public void Doubling_by_the_nearest_pixel_repeats_each()
    {
        var image = TestImages.Noise(3, 2);
        var doubled = PillowResize.Resize(image, 6, 4, ResampleFilter.Nearest);
        for (var y = 0; y < 4; y++)
        for (var x = 0; x < 6; x++)
            Assert.Equal(image.At(x / 2, y / 2), doubled.At(x, y));
    }

    [Fact]
    public void Halving_by_the_box_takes_means()
    {
        var image = new RgbImage(2, 2, [0, 0, 0, 10, 20, 30, 20, 40, 60, 30, 60, 90]);
        Assert.Equal((15, 30, 45), PillowResize.Resize(image, 1, 1, ResampleFilter.Box).At(0, 0));
    }

    [Fact]
    public void Impossible_sizes_are_refused()
    {
        var image = TestImages.Noise(2, 2);
        Assert.Throws<ArgumentOutOfRangeException>(() => PillowResize.Resize(image, 0, 5));
        Assert.Throws<ArgumentOutOfRangeException>(() => PillowResize.Resize(image, 5, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => PillowResize.Resize(image, 5, 5, (ResampleFilter)99));
        Assert.Throws<ImgAlignException>(() => PillowResize.Resize(image, 100_000, 100_000));
    }
}
