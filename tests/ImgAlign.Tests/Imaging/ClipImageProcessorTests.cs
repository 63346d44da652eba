using ImgAlign.Imaging;
using ImgAlign.Tests.Checkpoints;
using TorchSharp;

namespace ImgAlign.Tests.Imaging;

public class ClipImageProcessorTests
{
    [Theory]
    [InlineData("""{"size": 56, "crop_size": 42}""", 56, 42, 42)]
    [InlineData("""{"size": {"shortest_edge": 56}, "crop_size": {"height": 40, "width": 42}}""", 56, 42, 40)]
    [InlineData("{}", 224, 224, 224)]
    public void Old_and_new_forms_of_the_file_are_read(string json, int edge, int cropWidth, int cropHeight)
    {
        var processor = Load(json);
        Assert.Equal(edge, processor.ShortestEdge);
        Assert.Equal(new ImageSize(cropWidth, cropHeight), processor.CropSize);
        using var pixels = processor.Preprocess(TestImages.Noise(90, 70));
        Assert.Equal([1, 3, cropHeight, cropWidth], pixels.shape);
    }

    [Fact]
    public void Every_step_can_be_switched_off_or_changed()
    {
        var image = TestImages.Noise(30, 20);
        Assert.Equal(new ImageSize(50, 10), Load("""{"size": {"height": 10, "width": 50}, "do_center_crop": false}""").Fit(image).Size);
        Assert.Same(image, Load("""{"do_resize": false, "do_center_crop": false}""").Fit(image));
        using var levels = Load("""{"do_resize": false, "do_center_crop": false, "do_rescale": false, "do_normalize": false}""")
            .Preprocess(image);
        Assert.Equal(image.Pixels[1], levels[0, 1, 0, 0].item<float>());
        using var scaled = Load(
                """{"do_resize": false, "do_center_crop": false, "rescale_factor": 0.5, "image_mean": [0, 1, 2], "image_std": [1, 2, 4]}"""
            )
            .Preprocess(image);
        Assert.Equal((image.Pixels[2] * 0.5f - 2) / 4, scaled[0, 2, 0, 0].item<float>());
        var nearest = Load("""{"resample": 0, "size": 40, "do_center_crop": false}""").Fit(image);
        Assert.Equal(image.At(0, 0), nearest.At(1, 1));
    }

    [Theory]
    [InlineData("size", """{"size": {"longest_edge": 5}}""")]
    [InlineData("size", """{"size": 0}""")]
    [InlineData("size", """{"size": "big"}""")]
    [InlineData("crop_size", """{"crop_size": {"height": 5}}""")]
    [InlineData("crop_size", """{"crop_size": 1000000}""")]
    [InlineData("resample", """{"resample": 9}""")]
    [InlineData("image_mean", """{"image_mean": [0.5]}""")]
    [InlineData("image_std", """{"image_std": [1, 0, 1]}""")]
    [InlineData("do_resize", """{"do_resize": "yes"}""")]
    public void A_field_that_makes_no_sense_is_named(string field, string json) =>
        Assert.Contains(field, Assert.Throws<ImgAlignException>(() => Load(json)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_crop_larger_than_the_image_is_black_around_it()
    {
        var fitted = Load("""{"size": 3, "crop_size": 6}""").Fit(TestImages.Plain(3, 3, 9, 9, 9));
        Assert.Equal(new ImageSize(6, 6), fitted.Size);
        for (var y = 0; y < 6; y++)
        for (var x = 0; x < 6; x++)
            Assert.Equal(x is >= 2 and < 5 && y is >= 2 and < 5 ? 9 : 0, fitted.At(x, y).Red);
    }

    [Theory]
    [InlineData(5, 2)]
    [InlineData(2, 5)]
    public void Padding_centres_the_image_on_the_mean_colour(int width, int height)
    {
        var padded = ClipImageProcessor.ForSize(8).PadToSquare(TestImages.Plain(width, height, 1, 2, 3));
        Assert.Equal(new ImageSize(5, 5), padded.Size);
        for (var i = 0; i < 5; i++)
            Assert.Equal(i is 1 or 2 ? (1, 2, 3) : (122, 116, 104), width > height ? padded.At(0, i) : padded.At(i, 0));
    }

    [Fact]
    public void A_very_narrow_image_needs_no_memory_for_what_the_crop_drops()
    {
        var before = GC.GetTotalAllocatedBytes();
        Assert.Equal(new ImageSize(336, 336), ClipImageProcessor.ForSize(336).Fit(TestImages.Noise(100_000, 1)).Size);
        Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 16 << 20);
        Assert.Throws<ImgAlignException>(() => ClipImageProcessor.ForSize(336).PadToSquare(TestImages.Noise(100_000, 1)));
    }

    [Fact]
    public void Nothing_but_the_result_is_left()
    {
        var before = LiveTensors.Count();
        using (ClipImageProcessor.ForSize(8).Preprocess(TestImages.Noise(20, 10)))
            Assert.Equal(before + 1, torch.Tensor.TotalCount);
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public void A_processor_among_others_in_one_file_comes_first()
    {
        using var folder = new TemporaryFolder();
        folder.Write("preprocessor_config.json", """{"image_mean": [0.1, 0.1, 0.1]}""");
        folder.Write(
            "processor_config.json",
            """
            {"patch_size": 14,
             "image_processor": {"image_mean": [0.5, 0.5, 0.5], "size": {"shortest_edge": 56}, "do_center_crop": null}}
            """
        );
        var processor = ClipImageProcessor.Load(folder.Path);
        Assert.Equal([0.5, 0.5, 0.5], processor.Mean);
        Assert.Equal(56, processor.ShortestEdge);
        Assert.False(processor.DoCenterCrop);

        folder.Write("processor_config.json", """{"patch_size": 14}""");
        Assert.Equal([0.1, 0.1, 0.1], ClipImageProcessor.Load(folder.Path).Mean);
        folder.Write("processor_config.json", """{"image_processor": {"image_mean": [0.5]}}""");
        Assert.Contains(
            "processor_config.json: image_mean",
            Assert
                .Throws<ImgAlignException>(() => ClipImageProcessor.Load(folder.Path))
                .Message.Replace("preprocessor", "", StringComparison.Ordinal),
            StringComparison.Ordinal
        );
    }

    private static ClipImageProcessor Load(string json)
    {
        using var folder = new TemporaryFolder();
        folder.Write("preprocessor_config.json", json);
        return ClipImageProcessor.Load(folder.Path);
    }
}
