using ImgAlign.Imaging;

namespace ImgAlign.Tests.Imaging;

/// <summary>What a file says of its picture beyond red, green and blue.</summary>
public class StoredImageTests
{
    private static readonly string Pictures = Path.Combine(TestData.Golden, "mllm", "images");

    [Theory]
    [InlineData("logo-rgba.png", true, false)]
    [InlineData("rocket-palette.png", false, true)]
    [InlineData("camera-gray.png", false, false)]
    [InlineData("astronaut.png", false, false)]
    public void The_mode_of_a_file_is_read(string name, bool hasOpacity, bool isIndexed)
    {
        var stored = ImageFile.LoadStored(Path.Combine(Pictures, name));
        Assert.Equal((hasOpacity, isIndexed), (stored.Opacity is not null, stored.IsIndexed));
        Assert.Equal(ImageFile.Load(Path.Combine(Pictures, name)), stored.Colours);
    }

    [Fact]
    public void Transparency_is_laid_over_white()
    {
        var stored = new StoredImage(new RgbImage(2, 1, [10, 20, 30, 10, 20, 30]), new RgbImage(2, 1, [0, 0, 0, 51, 51, 51]), false);
        Assert.Equal(new RgbImage(2, 1, [255, 255, 255, 206, 208, 210]), stored.OverWhite());
    }
}
