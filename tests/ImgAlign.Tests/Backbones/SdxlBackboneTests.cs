using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Runtime;
using ImgAlign.Testing;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Backbones;

public sealed class SdxlBackboneTests() : ModelTestBase(new RuntimeOptions())
{
    private static readonly string Sdxl = Path.Combine(TestData.Golden, "sdxl");
    private static readonly ImageSize Size = new(32, 24);

    [Theory]
    [InlineData(ResidencyPolicy.KeepAll)]
    [InlineData(ResidencyPolicy.LoadOnDemand)]
    [InlineData(ResidencyPolicy.StreamBlocks)]
    public void Conforms(ResidencyPolicy policy)
    {
        using var own = new DeviceRuntime(new RuntimeOptions { Residency = policy });
        using var backbone = new SdxlBackbone(own, Published());
        Assert.Empty(BackboneConformance.Check(backbone, Size));
    }

    [Theory]
    [InlineData(WeightStorage.Int8, 0.03)]
    [InlineData(WeightStorage.Float8, 0.15)]
    public void Weights_in_8_bits_change_little(WeightStorage storage, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var exact = new SdxlBackbone(Runtime, Published());
        var options = Published();
        (options.Storage, options.TextEncoderStorage) = (storage, storage);
        using var compact = new SdxlBackbone(Runtime, options);
        var (expected, actual) = (Slope(exact), Slope(compact));
        Assert.InRange((actual - expected).norm().item<float>(), 1e-6, tolerance * expected.norm().item<float>());
    }

    [Theory]
    [InlineData(WeightStorage.Int8, 0.03)]
    [InlineData(WeightStorage.Float8, 0.15)]
    public void An_image_encoder_in_8_bits_changes_little(WeightStorage storage, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var exact = new SdxlBackbone(Runtime, Published());
        var options = Published();
        options.ImageEncoderStorage = storage;
        using var compact = new SdxlBackbone(Runtime, options);
        var (expected, actual) = (exact.ImagePrompt!.EncodeUnconditional()!, compact.ImagePrompt!.EncodeUnconditional()!);
        Assert.InRange((actual - expected).norm().item<float>(), 1e-6, tolerance * expected.norm().item<float>());
    }

    [Fact]
    public void Both_networks_of_the_image_prompt_stay_until_others_are_needed()
    {
        using var own = new DeviceRuntime(new RuntimeOptions { Residency = ResidencyPolicy.LoadOnDemand });
        using var encoder = new SdxlImagePromptEncoder(
            own,
            Path.Combine(Sdxl, "ckpts", "image_encoder"),
            Path.Combine(Sdxl, "ckpts", "resampler.pth")
        );
        encoder.EncodeUnconditional().Dispose();
        Assert.Equal(encoder.WeightBytes, own.Residency.DeviceBytes);
    }

    [Fact]
    public void Runs_in_bfloat16_close_to_float32()
    {
        using var half = new DeviceRuntime(new RuntimeOptions { Precision = Precision.BFloat16 });
        using var scope = NewDisposeScope();
        using var exact = new SdxlBackbone(Runtime, Published());
        using var rough = new SdxlBackbone(half, Published());
        var (expected, actual) = (Slope(exact), Slope(rough));
        Assert.Equal(float32, actual.dtype);
        Assert.InRange((actual - expected).abs().mean().item<float>(), 1e-6, 0.05 * expected.abs().mean().item<float>());
        Assert.Single(rough.Decode(actual));
    }

    [Fact]
    public void No_prompt_is_zeros_and_the_empty_prompt_is_not()
    {
        using var backbone = new SdxlBackbone(Runtime, Published());
        using var text = PooledTextFeatures.Of(backbone.EncodeText([null, "", "a cat", ""]));
        Assert.Equal([4L, 77, 80], text.Tokens.shape);
        using var sums = text.Pooled.abs().sum(1);
        var values = sums.data<float>().ToArray();
        Assert.Equal(0, values[0]);
        Assert.True(values[1] > 0 && values[1] != values[2] && values[1] == values[3]);
    }

    [Fact]
    public void Micro_conditioning_matters()
    {
        using var scope = NewDisposeScope();
        using var backbone = new SdxlBackbone(Runtime, Published());
        var plain = Slope(backbone);
        Assert.True(plain.equal(Slope(backbone, new() { OriginalSize = Size, TargetSize = Size })).all().item<bool>());
        Assert.False(plain.equal(Slope(backbone, new() { CropTop = 8 })).all().item<bool>());
    }

    [Fact]
    public void The_hubs_cache_and_another_unet_are_found()
    {
        using var scope = NewDisposeScope();
        var cached = Folder.File("models--org--sdxl");
        Folder.Link(Path.Combine(Sdxl, "checkpoint"), "models--org--sdxl/snapshots/abc");

        using var backbone = new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = cached });
        using var tuned = new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = cached, UNetPath = Path.Combine(Sdxl, "dpo-unet") });
        using var tunedByFile = new SdxlBackbone(
            Runtime,
            new SdxlOptions { ModelPath = cached, UNetPath = Path.Combine(Sdxl, "dpo-unet", "unet", "diffusion_pytorch_model.safetensors") }
        );
        var slope = Slope(tuned);
        Assert.False(slope.equal(Slope(backbone)).all().item<bool>());
        Assert.True(slope.equal(Slope(tunedByFile)).all().item<bool>());
    }

    [Theory]
    [InlineData("v_prediction", false, "v_pred")]
    [InlineData("v_prediction", true, "v_pred", "ztsnr")]
    [InlineData("epsilon", false)]
    public void A_single_file_says_by_tensors_how_it_was_trained(string prediction, bool rescaled, params string[] markers)
    {
        var scheduler = new SdxlFiles(SingleFileWith(markers)).ReadScheduler();
        Assert.Equal((prediction, rescaled), (scheduler.PredictionType, scheduler.RescaleBetasZeroSnr));
        new SdxlBackbone(Runtime, SingleFileWith(markers)).Dispose();
    }

    [Fact]
    public void A_model_of_EDM_is_refused() =>
        Assert.Contains(
            "EDM",
            Assert.Throws<ImgAlignException>(() => new SdxlBackbone(Runtime, SingleFileWith("edm_mean", "edm_std"))).Message,
            StringComparison.Ordinal
        );

    private SdxlOptions SingleFileWith(params string[] markers)
    {
        var path = Folder.Rewrite(
            "tuned.safetensors",
            Path.Combine(Sdxl, "single-file", "sd_xl_base_tiny.safetensors"),
            tensors => tensors.Concat(markers.Select(static marker => KeyValuePair.Create(marker, zeros(0))))
        );
        return new SdxlOptions { ModelPath = path, ConfigPath = Path.Combine(Sdxl, "checkpoint") };
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        var single = Path.Combine(Sdxl, "single-file", "sd_xl_base_tiny.safetensors");
        Assert.Contains("ConfigPath", Message(new SdxlOptions { ModelPath = single }), StringComparison.Ordinal);
        Assert.Contains("nowhere", Message(new SdxlOptions { ModelPath = Path.Combine(Folder.Path, "nowhere") }), StringComparison.Ordinal);
        var odd = Published();
        odd.ResamplerPath = Path.Combine(Sdxl, "ckpts", "image_encoder");
        Assert.Contains("resampler", Message(odd), StringComparison.Ordinal);

        using var plain = new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = Path.Combine(Sdxl, "checkpoint") });
        Assert.Null(plain.ImagePrompt);
        Assert.Equal(new ImageSize(64, 8), ((IDiffusionBackbone)plain).NearestSize(new ImageSize(61, 0)));
        Assert.Throws<InvalidRequestException>(() => plain.CheckSettings(plain.Settings(new FluxSettings())));
        Assert.Throws<InvalidRequestException>(() =>
            plain.CheckSettings(plain.Settings(new SdxlSettings { OriginalSize = new ImageSize(64, 0) }))
        );
        Assert.Throws<InvalidRequestException>(() => plain.CheckSettings(plain.Settings(new SdxlSettings { CropLeft = -1 })));

        string Message(SdxlOptions options) => Assert.ThrowsAny<ImgAlignException>(() => new SdxlBackbone(Runtime, options)).Message;
    }

    [Fact]
    public void The_resampler_may_be_the_one_inside_the_adapter()
    {
        using var scope = NewDisposeScope();
        var ckpts = Path.Combine(Sdxl, "ckpts");
        using var encoder = new SdxlImagePromptEncoder(
            Runtime,
            Path.Combine(ckpts, "image_encoder"),
            Path.Combine(ckpts, "ip-adapter-plus_sdxl_vit-h.bin")
        );
        Assert.Equal([1L, encoder.Tokens, encoder.Width], encoder.EncodeUnconditional().shape);
    }

    private static SdxlOptions Published() =>
        new() { ModelPath = Path.Combine(Sdxl, "checkpoint"), ImagePromptPath = Path.Combine(Sdxl, "ckpts") };

    private static TorchSharp.torch.Tensor Slope(SdxlBackbone backbone, SdxlSettings? micro = null) =>
        backbone.Slope(Size, "a cat", settings: backbone.Settings(micro));
}
