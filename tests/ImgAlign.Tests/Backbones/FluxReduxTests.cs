using ImgAlign.Backbones;
using ImgAlign.Runtime;
using ImgAlign.Testing;
using ImgAlign.Tests.Imaging;

namespace ImgAlign.Tests.Backbones;

/// <summary>FLUX.1-Redux as FLUX's image prompt.</summary>
public sealed class FluxReduxTests : ModelTestBase
{
    private static readonly string Golden = Path.Combine(TestData.Golden, "redux");
    private static readonly ImageSize Size = new(48, 32);

    [Theory]
    [InlineData(ResidencyPolicy.KeepAll)]
    [InlineData(ResidencyPolicy.LoadOnDemand)]
    [InlineData(ResidencyPolicy.StreamBlocks)]
    public void Conforms(ResidencyPolicy policy)
    {
        using var own = new DeviceRuntime(new RuntimeOptions { Residency = policy, Threads = 1 });
        using var backbone = new FluxBackbone(own, Options());
        Assert.Equal((16, 48), (backbone.Info.ImagePromptTokens, backbone.Info.ImagePromptWidth));
        Assert.Empty(BackboneConformance.Check(backbone, Size));
    }

    [Fact]
    public async Task The_negative_branch_has_no_picture_and_runs_apart()
    {
        using var backbone = new FluxBackbone(Runtime, Options());
        using var pipeline = new GenerationPipeline(backbone);
        var item = new GenerationItem("a red cube") { Size = Size, Image = TestImages.Noise(40, 40) };
        var request = new GenerationRequest(item, item with { Seed = 2, NegativePrompt = "blurry" })
        {
            Steps = 2,
            Family = new FluxSettings { TrueGuidance = 3, TrueGuidanceStart = 0 },
        };
        var together = await pipeline.GenerateAsync(request);
        var apart = await pipeline.GenerateAsync(request with { GuidanceBranches = GuidanceBranches.Apart });
        Assert.Equal(together.Items.Select(static made => made.Image), apart.Items.Select(static made => made.Image));
        var plain = await pipeline.GenerateAsync(request with { ImagePromptScale = 0 });
        Assert.NotEqual(plain.Items[0].Image, together.Items[0].Image);
    }

    [Fact]
    public void A_single_file_needs_its_image_encoder_and_gives_the_same()
    {
        var file = Path.Combine(Golden, "flux1-redux-dev.safetensors");
        var message = Assert
            .Throws<ImgAlignException>(() => new FluxBackbone(Runtime, Options(options => options.ReduxPath = file)))
            .Message;
        Assert.Contains("google/siglip-so400m-patch14-384", message, StringComparison.Ordinal);
        using var scope = TorchSharp.torch.NewDisposeScope();
        using var folder = new FluxBackbone(Runtime, Options());
        using var single = new FluxBackbone(
            Runtime,
            Options(options => (options.ReduxPath, options.ImageEncoderPath) = (file, Path.Combine(Golden, "siglip-so400m-patch14-384")))
        );
        var picture = TestImages.Noise(40, 30);
        Assert.True(folder.ImagePrompt!.Encode([picture]).allclose(single.ImagePrompt!.Encode([picture])));
    }

    [Fact]
    public void Two_image_prompts_are_refused()
    {
        var released = Path.Combine(TestData.Golden, "flux", "flux-ip-adapter");
        var message = Assert
            .Throws<ImgAlignException>(() => new FluxBackbone(Runtime, Options(options => options.ImagePromptPath = released)))
            .Message;
        Assert.Contains("leave one out", message, StringComparison.Ordinal);
    }

    private static FluxOptions Options(Action<FluxOptions>? change = null)
    {
        var options = new FluxOptions
        {
            ModelPath = Path.Combine(TestData.Golden, "flux", "FLUX.1-dev"),
            ReduxPath = Path.Combine(Golden, "FLUX.1-Redux-dev"),
            MaxTextTokens = 32,
        };
        change?.Invoke(options);
        return options;
    }
}
