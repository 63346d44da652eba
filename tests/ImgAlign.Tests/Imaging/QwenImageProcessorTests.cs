using ImgAlign.Imaging;
using ImgAlign.Tests.Checkpoints;
using TorchSharp;

namespace ImgAlign.Tests.Imaging;

public class QwenImageProcessorTests
{
    [Theory]
    [InlineData(1024, 1024, 1036, 1036)] // SDXL's pictures: 37 cells both ways
    [InlineData(42, 70, 56, 56)] // 1.5 and 2.5 cells: halves go to the even number
    [InlineData(1, 200, 28, 812)]
    [InlineData(6000, 200, 4228, 140)]
    public void Sides_are_whole_cells(int width, int height, int expectedWidth, int expectedHeight)
    {
        var processor = new QwenImageProcessor { MinPixels = 56 * 56, MaxPixels = 600_000 };
        if (width == 1024)
            processor = processor with { MaxPixels = 12_845_056 };
        Assert.Equal(new ImageSize(expectedWidth, expectedHeight), processor.FitSize(new ImageSize(width, height)));
    }

    [Fact]
    public void A_ribbon_is_refused() =>
        Assert.Contains(
            "201x1",
            Assert.Throws<InvalidRequestException>(() => new QwenImageProcessor().FitSize(new ImageSize(201, 1))).Message,
            StringComparison.Ordinal
        );

    [Fact]
    public void Several_images_are_one_after_another()
    {
        using var scope = torch.NewDisposeScope();
        var processor = new QwenImageProcessor();
        var (first, second) = (TestImages.Noise(60, 60), TestImages.Noise(90, 120));
        var both = processor.Preprocess(first, second);
        Assert.Equal([new PatchGrid(4, 4), new PatchGrid(8, 6)], both.Grids);
        Assert.True(
            both.Values.eq(torch.cat([processor.Preprocess(first).Values, processor.Preprocess(second).Values])).all().item<bool>()
        );
    }

    [Fact]
    public void Limits_are_read_in_both_forms()
    {
        var older = Load("""{"min_pixels": 3136, "max_pixels": 12845056, "size": {"shortest_edge": 1, "longest_edge": 2}}""");
        var newer = Load("""{"size": {"shortest_edge": 3136, "longest_edge": 12845056}}""");
        Assert.Equal((3136, 12845056), (older.MinPixels, older.MaxPixels));
        Assert.Equal((older.MinPixels, older.MaxPixels), (newer.MinPixels, newer.MaxPixels));
        Assert.Equal((3136, 28 * 28 * 1280), (Load("{}").MinPixels, Load("{}").MaxPixels));
    }

    [Theory]
    [InlineData("""{"min_pixels": 0}""", "min_pixels")]
    [InlineData("""{"min_pixels": 5000, "max_pixels": 4000}""", "max_pixels")]
    [InlineData("""{"patch_size": -14}""", "patch_size")]
    [InlineData("""{"merge_size": 0}""", "merge_size")]
    [InlineData("""{"do_resize": false}""", "do_resize")]
    [InlineData("""{"image_std": [1, 0, 1]}""", "image_std")]
    [InlineData("""{"image_mean": 0.5}""", "image_mean")]
    public void What_no_such_processor_has_is_said(string json, string expected)
    {
        var message = Assert.Throws<ImgAlignException>(() => Load(json)).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
        Assert.Contains("preprocessor_config.json", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Nothing_but_the_result_is_left()
    {
        var before = LiveTensors.Count();
        using (new QwenImageProcessor().Preprocess(TestImages.Noise(60, 60)))
            Assert.Equal(before + 1, torch.Tensor.TotalCount);
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    private static QwenImageProcessor Load(string json)
    {
        using var folder = new TemporaryFolder();
        folder.Write("preprocessor_config.json", json);
        return QwenImageProcessor.Load(folder.Path);
    }
}
