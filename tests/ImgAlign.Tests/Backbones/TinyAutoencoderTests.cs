using ImgAlign.Backbones;
using ImgAlign.Runtime;
using ImgAlign.Tests.Pipeline;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Backbones;

/// <summary>TAESDXL and TAEF1 in their layouts, in place of a VAE's decoder and for previews; their numbers are golden cases.</summary>
public sealed class TinyAutoencoderTests : ModelTestBase
{
    private const int MostRounding = 2;
    private static readonly string Sdxl = Path.Combine(TestData.Golden, "sdxl");
    private static readonly string Flux = Path.Combine(TestData.Golden, "flux", "FLUX.1-dev");

    [Fact]
    public void Every_layout_gives_the_same_picture()
    {
        using var scope = NewDisposeScope();
        var latents = ModelExtensions.Randn(1, [1, 4, 4, 6]);
        var expected = Picture(Tiny("taesdxl"), latents);
        foreach (var path in new[] { "taesdxl/taesdxl_decoder.safetensors", "taesdxl/diffusion_pytorch_model.safetensors" })
            Assert.Equal(expected, Picture(Tiny(path), latents));
        Copy("taesdxl_decoder.safetensors", "authors");
        Copy("taesdxl_encoder.safetensors", "authors");
        Assert.Equal(expected, Picture(Tiny(Folder.File("authors")), latents));
        Assert.NotEqual(expected, Picture(new SdxlOptions { ModelPath = Path.Combine(Sdxl, "checkpoint") }, latents));
    }

    [Fact]
    public void The_file_beside_a_decoder_encodes_and_without_it_nothing_does()
    {
        using var scope = NewDisposeScope();
        Copy("taesdxl_decoder.safetensors", "alone");
        using var both = Load(vae: Path.Combine(Sdxl, "taesdxl", "taesdxl_decoder.safetensors"));
        using var alone = Load(vae: Folder.File("alone"));
        Assert.Equal((true, false), (both.EncodesPictures, alone.EncodesPictures));
        var noise = ModelExtensions.Randn(1, [1, 4, 4, 4]);
        var image = new RgbImage(32, 32, new byte[3 * 32 * 32]);
        Assert.Equal([1L, 4, 4, 4], both.EncodeLatents(image, noise).shape);
        Assert.True(both.EncodeLatents(image, noise).equal(both.EncodeLatents(image, zeros_like(noise))).all().item<bool>());

        SdxlBackbone Load(string vae) => new(Runtime, new SdxlOptions { ModelPath = Path.Combine(Sdxl, "checkpoint"), VaePath = vae });
    }

    [Fact]
    public void FLUX_has_its_own()
    {
        using var scope = NewDisposeScope();
        var options = new FluxOptions
        {
            ModelPath = Flux,
            TinyVaePath = Path.Combine(Sdxl, "taef1"),
            Decoder = PictureDecoder.Tiny,
        };
        using var backbone = new FluxBackbone(Runtime, options);
        Assert.Equal(new ImageSize(48, 32), Assert.Single(backbone.Decode(ModelExtensions.Randn(1, [1, 16, 4, 6]))).Size);
    }

    [Theory]
    [InlineData(ResidencyPolicy.KeepAll)]
    [InlineData(ResidencyPolicy.LoadOnDemand)]
    public async Task Previews_come_from_it_and_the_last_is_its_picture(ResidencyPolicy policy)
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Residency = policy, Threads = 1 });
        var options = Tiny("taesdxl");
        using var quick = new SdxlBackbone(runtime, options);
        options.Decoder = PictureDecoder.Vae;
        using var backbone = new SdxlBackbone(runtime, options);
        var request = new GenerationRequest(new GenerationItem("a boat") { Size = new ImageSize(32, 32) })
        {
            Steps = 3,
            PreviewInterval = 1,
        };
        var updates = await new GenerationPipeline(backbone).StreamAsync(request).ReadAsync();
        var previews = updates.OfType<PreviewReady>().ToList();
        Assert.Equal([1, 2, 3], previews.Select(static preview => preview.Evaluation));
        var expected = (await new GenerationPipeline(quick).ImagesAsync(request with { PreviewInterval = null }))[0];
        var most = expected.Pixels.ToArray().Zip(previews[^1].Image.Pixels.ToArray(), static (x, y) => Math.Abs(x - y)).Max();
        Assert.InRange(most, 0, MostRounding);
        Assert.NotEqual(expected.Pixels.ToArray(), ((RunCompleted<GenerationResult>)updates[^1]).Result.Items[0].Image.Pixels.ToArray());
    }

    [Fact]
    public void Previews_are_in_the_estimate()
    {
        var options = Tiny("taesdxl");
        options.Decoder = PictureDecoder.Vae;
        using var backbone = new SdxlBackbone(Runtime, options);
        var workload = new Workload { Size = new ImageSize(2048, 2048) };
        var (without, with) = (Network(workload), Network(workload with { HasPreviews = true }));
        Assert.True(with.WeightBytes > without.WeightBytes && with.ActivationBytes > without.ActivationBytes);

        StageFootprint Network(Workload asked) => backbone.EstimateStages(asked).Single(static stage => stage.Name == "SDXL UNet");
    }

    [Fact]
    public void What_does_not_fit_is_named()
    {
        Assert.Contains("TinyVaePath", Message(new() { Decoder = PictureDecoder.Tiny }), StringComparison.Ordinal);
        Assert.Contains("TAEF1 for FLUX", Message(new() { TinyVaePath = Path.Combine(Sdxl, "taef1") }), StringComparison.Ordinal);
        Assert.Contains("a whole VAE", Message(new() { TinyVaePath = Path.Combine(Sdxl, "checkpoint", "vae") }), StringComparison.Ordinal);
        Assert.Contains("nowhere.pth", Message(new() { TinyVaePath = "nowhere.pth" }), StringComparison.Ordinal);
        Copy("taesdxl_encoder.safetensors", "encoder");
        var encoder = new SdxlOptions { TinyVaePath = Folder.File("encoder/taesdxl_encoder.safetensors"), Decoder = PictureDecoder.Tiny };
        Assert.Contains("no decoder", Message(encoder), StringComparison.Ordinal);
        Assert.Contains("multiple of 32", Message(new() { VaeTileSize = 100 }), StringComparison.Ordinal);

        string Message(SdxlOptions options)
        {
            options.ModelPath = Path.Combine(Sdxl, "checkpoint");
            return Assert.ThrowsAny<ImgAlignException>(() => new SdxlBackbone(Runtime, options)).Message;
        }
    }

    private byte[] Picture(SdxlOptions options, TorchSharp.torch.Tensor latents)
    {
        using var backbone = new SdxlBackbone(Runtime, options);
        return Assert.Single(backbone.Decode(latents)).Pixels.ToArray();
    }

    private void Copy(string file, string folder)
    {
        Directory.CreateDirectory(Folder.File(folder));
        File.Copy(Path.Combine(Sdxl, "taesdxl", file), Path.Combine(Folder.File(folder), file));
    }

    private static SdxlOptions Tiny(string path) =>
        new()
        {
            ModelPath = Path.Combine(Sdxl, "checkpoint"),
            TinyVaePath = Path.Combine(Sdxl, path),
            Decoder = PictureDecoder.Tiny,
        };
}
