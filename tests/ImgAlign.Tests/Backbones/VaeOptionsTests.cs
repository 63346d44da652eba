using ImgAlign.Backbones;
using ImgAlign.Networks.Vae;
using ImgAlign.Runtime;
using ImgAlign.Tests.Pipeline;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Backbones;

/// <summary>Tiles and number formats of autoencoders; the numbers of tiles are golden cases.</summary>
public sealed class VaeOptionsTests : ModelTestBase
{
    private static readonly ImageSize Size = new(768, 640);

    [Fact]
    public async Task What_does_not_fit_is_computed_in_tiles_and_the_report_says_so()
    {
        var (whole, tiled) = (RequiredBytes(VaeTiling.Never), RequiredBytes(VaeTiling.Always));
        Assert.True(tiled < whole, $"{tiled} {whole}");
        using var small = new DeviceRuntime(new RuntimeOptions { MemoryBudgetBytes = (whole + tiled) / 2 });
        using var where = Load(small, VaeTiling.WhereNeeded);
        using var pipeline = new GenerationPipeline(where);
        var updates = await pipeline.StreamAsync(Request).ReadAsync();
        var result = ((RunCompleted<GenerationResult>)updates[^1]).Result;
        Assert.True(result.Report.InTiles && updates.OfType<RunStarted>().Single().InTiles);

        using var always = Load(Runtime, VaeTiling.Always);
        using var plain = new GenerationPipeline(always);
        var expected = await plain.GenerateAsync(Request);
        Assert.False(expected.Report.InTiles);
        var most = result
            .Items[0]
            .Image.Pixels.ToArray()
            .Zip(expected.Items[0].Image.Pixels.ToArray(), static (x, y) => Math.Abs(x - y))
            .Max();
        Assert.InRange(most, 0, 2);

        using var never = Load(small, VaeTiling.Never);
        using var refusing = new GenerationPipeline(never);
        await Assert.ThrowsAsync<DeviceMemoryException>(() => refusing.GenerateAsync(Request));
    }

    [Fact]
    public void A_picture_no_larger_than_a_tile_is_the_whole_one()
    {
        using var scope = NewDisposeScope();
        using var backbone = Load(Runtime, VaeTiling.WhereNeeded);
        var (small, large) = (ModelExtensions.Randn(1, [1, 4, 8, 8]), ModelExtensions.Randn(1, [1, 4, 8, 12]));
        Assert.Equal(Picture(small, inTiles: false), Picture(small, inTiles: true));
        Assert.NotEqual(Picture(large, inTiles: false), Picture(large, inTiles: true));
        var image = new RgbImage(96, 64, [.. Enumerable.Range(0, 3 * 96 * 64).Select(static i => (byte)(i * 7))]);
        var noise = ModelExtensions.Randn(2, [1, 4, 8, 12]);
        Assert.False(backbone.EncodeLatents(image, noise, true).equal(backbone.EncodeLatents(image, noise)).all().item<bool>());

        byte[] Picture(TorchSharp.torch.Tensor latents, bool inTiles) => backbone.Decode(latents, inTiles)[0].Pixels.ToArray();
    }

    [Fact]
    public void Tiles_of_what_is_the_same_everywhere_leave_no_seam()
    {
        using var scope = NewDisposeScope();
        var x = ones(1, 2, 21, 13);
        var doubled = new OverlappingTiles(8, 16).Run(x, static tile => tile.repeat_interleave(2, 2).repeat_interleave(2, 3));
        Assert.True(doubled.equal(ones(1, 2, 42, 26)).all().item<bool>());
        Assert.Throws<ArgumentException>(() => new OverlappingTiles(6, 48));
    }

    [Fact]
    public void In_bfloat16_a_picture_is_nearly_the_same()
    {
        using var scope = NewDisposeScope();
        using var exact = Load(Runtime, VaeTiling.Never);
        using var rough = new SdxlBackbone(Runtime, Options(VaeTiling.Never, Precision.BFloat16));
        var latents = ModelExtensions.Randn(1, [1, 4, 8, 8]);
        var (expected, actual) = (exact.DecodeLatents(latents), rough.DecodeLatents(latents));
        Assert.Equal(bfloat16, actual.dtype);
        Assert.InRange((actual.to(float32) - expected).norm().item<float>() / expected.norm().item<float>(), 1e-4, 0.03);
        var overflow = Assert.Throws<ImgAlignException>(() => new SdxlBackbone(Runtime, Options(VaeTiling.Never, Precision.Float16)));
        Assert.Contains("Float16", overflow.Message, StringComparison.Ordinal);
    }

    private long RequiredBytes(VaeTiling tiling)
    {
        using var backbone = Load(Runtime, tiling);
        using var pipeline = new GenerationPipeline(backbone);
        return pipeline.EstimateMemory(Request)[0].RequiredBytes;
    }

    private static GenerationRequest Request => new(new GenerationItem("a boat") { Size = Size }) { Steps = 1, Guidance = 1 };

    private static SdxlBackbone Load(DeviceRuntime runtime, VaeTiling tiling) => new(runtime, Options(tiling));

    private static SdxlOptions Options(VaeTiling tiling, Precision precision = Precision.Auto) =>
        new()
        {
            ModelPath = Path.Combine(TestData.Golden, "sdxl", "checkpoint"),
            VaeTiling = tiling,
            VaeTileSize = 64,
            VaePrecision = precision,
        };
}
