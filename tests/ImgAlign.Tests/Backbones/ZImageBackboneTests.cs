using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.ZImage;
using ImgAlign.Runtime;
using ImgAlign.Testing;
using ImgAlign.Tests.Devices;
using ImgAlign.Tests.Pipeline;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Backbones;

public sealed class ZImageBackboneTests : ModelTestBase
{
    private static readonly string Golden = Path.Combine(TestData.Golden, "zimage");
    private static readonly string Model = Path.Combine(Golden, "Z-Image-Turbo");
    private static readonly string SingleFile = Path.Combine(Golden, "single-file", "z_image_turbo_prefixed.safetensors");
    private static readonly ImageSize Size = new(48, 32);

    [Theory]
    [InlineData(ResidencyPolicy.KeepAll)]
    [InlineData(ResidencyPolicy.OffloadToHost)]
    [InlineData(ResidencyPolicy.LoadOnDemand)]
    [InlineData(ResidencyPolicy.StreamBlocks)]
    public void Conforms(ResidencyPolicy policy)
    {
        using var own = new DeviceRuntime(new RuntimeOptions { Residency = policy, Threads = 1 });
        using var backbone = new ZImageBackbone(own, Published());
        Assert.Empty(BackboneConformance.Check(backbone, Size));
    }

    [Fact]
    public async Task A_run_is_on_one_device()
    {
        using var own = new DeviceRuntime(new RuntimeOptions { Threads = 1, Residency = ResidencyPolicy.StreamBlocks }, META);
        using var backbone = new ZImageBackbone(own, Published());
        var grey = new RgbImage(Size.Width, Size.Height, new byte[3 * Size.Width * Size.Height]);
        using var hooked = new HookedBackbone(
            backbone,
            static _ => { },
            latents =>
            {
                using var pixels = backbone.DecodeLatents(latents);
                return [.. Enumerable.Repeat(grey, (int)pixels.shape[0])];
            }
        );
        using var pipeline = new GenerationPipeline(hooked);
        var items = new[] { "a red cube", "two cats and a very long story about both of them that fills more than one block" };
        var request = new GenerationRequest(items.Select(static prompt => new GenerationItem(prompt) { Size = Size }))
        {
            Steps = 3,
            Guidance = 2,
            Family = new ZImageSettings { GuidanceNormLimit = 1, GuidanceEnd = 0.5 },
        };
        await MetaOperators.RequireTogetherAsync(() => pipeline.GenerateAsync(request));
    }

    [Fact]
    public void A_single_file_tells_its_sizes_and_is_read_with_those_of_the_folder()
    {
        using var file = Checkpoint.Open(SingleFile);
        // The heads of the tiny one are not as wide as the published ones.
        Assert.Throws<ImgAlignException>(() => ZImageConfig.FromShapes(ZImageNames.Find(file)));
        var options = Published(options => options.TransformerPath = SingleFile);
        using var backbone = new ZImageBackbone(Runtime, options);
        using var scope = NewDisposeScope();
        using var published = new ZImageBackbone(Runtime, Published());
        Assert.True(Predict(published).equal(Predict(backbone)).all().item<bool>());
    }

    [Theory]
    [InlineData(WeightStorage.Int8, 0.05)]
    [InlineData(WeightStorage.Float8, 0.2)]
    public void Weights_in_8_bits_change_little(WeightStorage storage, double tolerance)
    {
        using var scope = NewDisposeScope();
        using var exact = new ZImageBackbone(Runtime, Published());
        using var compact = new ZImageBackbone(
            Runtime,
            Published(options => (options.Storage, options.TextEncoderStorage) = (storage, storage))
        );
        var (expected, actual) = (Predict(exact), Predict(compact));
        Assert.InRange((actual - expected).norm().item<float>(), 1e-6, tolerance * expected.norm().item<float>());
    }

    [Fact]
    public void A_LoRA_is_merged_and_counted()
    {
        var lora = new LoraOptions { Path = Path.Combine(Golden, "lora", "lora_peft.safetensors") };
        using var backbone = new ZImageBackbone(Runtime, Published(options => options.Loras.Add(lora)));
        Assert.True(backbone.Info.Loras[0].Layers > 0);
    }

    [Fact]
    public void An_image_prompt_and_an_alignment_are_refused_in_one_sentence()
    {
        using var backbone = new ZImageBackbone(Runtime, Published());
        var item = new GenerationItem("a cube") { Image = new RgbImage(1, 1, new byte[3]) };
        using var pipeline = new GenerationPipeline(backbone);
        var refused = Assert.Throws<InvalidRequestException>(() =>
        {
            _ = pipeline.GenerateAsync(new GenerationRequest(item));
        });
        Assert.Contains("none is published for Z-Image", refused.Message, StringComparison.Ordinal);
        using var world = new ColourWorld();
        var message = Assert.Throws<ArgumentException>(() => new AlignmentPipeline(backbone, world.Detector, world.Aligner)).Message;
        Assert.Contains("none is published for Z-Image", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_long_prompt_s_end_is_said_not_to_be_read()
    {
        using var backbone = new ZImageBackbone(Runtime, Published(static options => options.MaxTextTokens = 24));
        Assert.Empty(backbone.FindUnread("a red cube"));
        var unread = Assert.Single(backbone.FindUnread(string.Join(' ', Enumerable.Repeat("a red cube", 20))));
        Assert.EndsWith("cube", unread.Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{ "siglip_feat_dim": 1152 }""", "Z-Image-Omni")]
    [InlineData("""{ "axes_dims": [4, 8, 10] }""", "axes_dims")]
    [InlineData("""{ "all_patch_size": [2, 4] }""", "all_patch_size")]
    public void A_configuration_of_another_kind_is_refused(string json, string expected)
    {
        var message = Assert.Throws<ImgAlignException>(() => ZImageConfig.FromJson(ConfigFile.ParseJson(json), "config.json")).Message;
        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    private static Tensor Predict(ZImageBackbone backbone)
    {
        using var text = backbone.EncodeText(["a red cube"]);
        using var conditioning = backbone.Condition(text, null, 0, Size, backbone.Settings());
        var schedule = backbone.CreateSchedule(backbone.Settings(), Size);
        return backbone.Predict(backbone.Noise(Size, 1), schedule.Levels[0], conditioning);
    }

    private static ZImageOptions Published(Action<ZImageOptions>? change = null)
    {
        var options = new ZImageOptions { ModelPath = Model, MaxTextTokens = 64 };
        change?.Invoke(options);
        return options;
    }
}
