using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Layers;
using ImgAlign.Networks.Sdxl;
using TorchSharp;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Checkpoints;

public sealed class LoraTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly TwoLayers network = new();
    private readonly Tensor linear = randn(3, 4),
        convolution = randn(5, 3, 3, 3);
    private readonly Tensor linearDown = randn(2, 4),
        linearUp = randn(3, 2),
        convolutionDown = randn(2, 3, 3, 3),
        convolutionUp = randn(5, 2, 1, 1);

    public void Dispose()
    {
        network.Dispose();
        scope.Dispose();
        folder.Dispose();
    }

    private sealed class TwoLayers : nn.Module
    {
        [ComponentName(Name = "block")]
        private readonly ModuleList<CompactLinear> block = new(new CompactLinear(4, 3, false, META));

        [ComponentName(Name = "conv")]
        private readonly Conv2d conv = nn.Conv2d(3, 5, 3, bias: false, device: META);

        public TwoLayers()
            : base(nameof(TwoLayers)) => RegisterComponents();
    }

    private Checkpoint Base(ScalarType type = ScalarType.Float32) =>
        Saved("base.safetensors", ("block.0.weight", linear.to(type)), ("conv.weight", convolution.to(type)));

    private Checkpoint Saved(string name, params (string Name, Tensor Value)[] tensors)
    {
        SafetensorsWriter.Write(folder.File(name), tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Value));
        return Checkpoint.Open(folder.File(name));
    }

    private LoraWeights Lora(string name, params (string Name, Tensor Value)[] tensors)
    {
        Saved(name, tensors).Dispose();
        return LoraWeights.Open(folder.File(name));
    }

    private static ClipTextConfig ReadTextConfig(string path) => ClipTextConfig.FromJson(ConfigFile.ReadJson(path), path);

    private static void AssertClose(Tensor expected, Tensor actual)
    {
        Assert.Equal(expected.shape, actual.shape);
        Assert.True((expected - actual).abs().max().item<float>() < 1e-5f);
    }

    [Theory]
    [InlineData("unet.block.0.lora_A.weight", "unet.block.0.lora_B.weight", null)]
    [InlineData("block.0.lora_A.weight", "block.0.lora_B.weight", null)]
    [InlineData("unet.block.0.lora_A.default.weight", "unet.block.0.lora_B.default.weight", null)]
    [InlineData("unet.base_model.model.block.0.lora_A.weight", "unet.base_model.model.block.0.lora_B.weight", null)]
    [InlineData("base_model.model.block.0.lora_A.my_adapter.weight", "base_model.model.block.0.lora_B.my_adapter.weight", null)]
    [InlineData("base_model.model.unet.block.0.lora_A.weight", "base_model.model.unet.block.0.lora_B.weight", null)]
    [InlineData("model.diffusion_model.block.0.lora_A.weight", "model.diffusion_model.block.0.lora_B.weight", null)]
    [InlineData("unet.block.0.lora.down.weight", "unet.block.0.lora.up.weight", "unet.block.0.alpha")]
    [InlineData("unet.block.processor.0_lora.down.weight", "unet.block.processor.0_lora.up.weight", null)]
    [InlineData("lora_unet_block_0.lora_down.weight", "lora_unet_block_0.lora_up.weight", "lora_unet_block_0.alpha")]
    public void Merges_every_format(string down, string up, string? alpha)
    {
        var tensors = new List<(string, Tensor)> { (down, linearDown), (up, linearUp) };
        if (alpha is not null)
            tensors.Add((alpha, tensor(3f)));
        using var lora = Lora("lora.safetensors", [.. tensors]);
        using var checkpoint = Base();
        using var merged = new LoraCheckpoint(checkpoint, network, WeightMap.Identity, LoraTarget.Denoiser, [(lora, 0.5)]);
        CheckpointBinder.Verify(network, merged, WeightMap.Identity);
        Assert.Equal([1], merged.AppliedLayers);
        var expected = linear + linearUp.mm(linearDown) * (0.5 * (alpha is null ? 1 : 1.5));
        AssertClose(expected, merged.Read("block.0.weight"));
        AssertClose(expected, merged.Read("block.0.weight")); // reading changes nothing
        AssertClose(linear, checkpoint.Read("block.0.weight"));
        AssertClose(convolution, merged.Read("conv.weight"));
    }

    [Theory]
    [InlineData("""{"unet.lora_alpha": 6}""", 3)]
    [InlineData("""{"unet.lora_alpha": 6, "unet.use_rslora": true}""", 4.2426407)]
    [InlineData("""{"unet.lora_alpha": 6, "unet.alpha_pattern": {"0": 5, "other": 1}}""", 2.5)]
    [InlineData("""{"unet.lora_alpha": 6, "unet.alpha_pattern": {"^block.0": 1}}""", 0.5)]
    [InlineData("""{"unet.lora_alpha": 6, "unet.alpha_pattern": {"lock.0": 1, "block": 1}}""", 3)]
    [InlineData("""{"unet.lora_alpha": 6, "unet.rank_pattern": {"block.0": 2}, "unet.r": 16, "unet.target_modules": ["block.0"]}""", 3)]
    [InlineData("""{"unet.lora_alpha": 1, "unet.lora_alpha": 6}""", 3)]
    [InlineData("""{"unet.r": 16}""", 4)]
    [InlineData("""{"text_encoder.lora_alpha": 6}""", 1)]
    [InlineData("{}", 1)]
    public void The_strength_is_the_one_in_the_metadata(string metadata, double expected)
    {
        WriteLora(metadata);
        using var lora = LoraWeights.Open(folder.File("lora.safetensors"));
        using var checkpoint = Base();
        using var merged = new LoraCheckpoint(checkpoint, network, WeightMap.Identity, LoraTarget.Denoiser, [(lora, 0.5)]);
        AssertClose(linear + linearUp.mm(linearDown) * (0.5 * expected), merged.Read("block.0.weight"));
    }

    [Theory]
    [InlineData("""{"unet.use_dora": true}""", "use_dora")]
    [InlineData("""{"unet.lora_alpha": "much"}""", "$.lora_alpha")]
    [InlineData("""{"unet.alpha_pattern": {"(": 1}}""", "no regular expression")]
    [InlineData("[]", "not a JSON object")]
    [InlineData("{", "not JSON")]
    public void Metadata_that_cannot_be_followed_are_refused(string metadata, string problem)
    {
        WriteLora(metadata);
        var exception = Assert.ThrowsAny<ImgAlignException>(() => LoraWeights.Open(folder.File("lora.safetensors")));
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
        Assert.Contains("lora_adapter_metadata", exception.Message, StringComparison.Ordinal);
    }

    private void WriteLora(string metadata) =>
        SafetensorsWriter.Write(
            folder.File("lora.safetensors"),
            new Dictionary<string, Tensor> { ["unet.block.0.lora_A.weight"] = linearDown, ["unet.block.0.lora_B.weight"] = linearUp },
            new Dictionary<string, string> { ["lora_adapter_metadata"] = metadata }
        );

    [Fact]
    public void Merges_convolutions()
    {
        using var lora = Lora(
            "lora.safetensors",
            ("lora_unet_conv.lora_down.weight", convolutionDown),
            ("lora_unet_conv.lora_up.weight", convolutionUp)
        );
        using var checkpoint = Base();
        using var merged = new LoraCheckpoint(checkpoint, network, WeightMap.Identity, LoraTarget.Denoiser, [(lora, 1)]);
        var x = randn(1, 3, 7, 7);
        var expected = nn.functional.conv2d(x, convolution) + nn.functional.conv2d(nn.functional.conv2d(x, convolutionDown), convolutionUp);
        Assert.True((expected - nn.functional.conv2d(x, merged.Read("conv.weight"))).abs().max().item<float>() < 1e-3f);
    }

    [Fact]
    public void Several_add_up_in_float32_over_half_precision()
    {
        using var lora = Lora(
            "lora.safetensors",
            ("block.0.lora_A.weight", linearDown.to(float16)),
            ("block.0.lora_B.weight", linearUp.to(float16))
        );
        using var checkpoint = Base(float16);
        using var merged = new LoraCheckpoint(checkpoint, network, WeightMap.Identity, LoraTarget.Denoiser, [(lora, 1), (lora, -0.25)]);
        var change = linearUp.to(float16).to(float32).mm(linearDown.to(float16).to(float32));
        AssertClose(linear.to(float16).to(float32) + change * 0.75, merged.Read("block.0.weight"));
        Assert.Equal((float32, float16), (merged.Tensors["block.0.weight"].Type, merged.Tensors["conv.weight"].Type));
    }

    [Theory]
    [InlineData("unet.block.1.lora_A.weight", "unet.block.1.lora_B.weight", "does not have")]
    [InlineData("unet.conv.lora_A.weight", "unet.conv.lora_B.weight", "do not fit")]
    [InlineData("unet.block.0.lora_A.weight", "unet.block.1.lora_B.weight", "no counterpart")]
    [InlineData("unet.block.0.lora_A.weight", "unet.block.0.lora_magnitude_vector", "part of a DoRA")]
    [InlineData("lora_unet_block_0.hada_w1_a", "lora_unet_block_0.hada_w1_b", "part of a LoHa")]
    [InlineData("lora_unet_block_0.lokr_w1", "lora_unet_block_0.lokr_w2", "part of a LoKr")]
    [InlineData("lora_unet_block_0.lora_down.weight", "lora_unet_block_0.dora_scale", "part of a DoRA")]
    [InlineData("block.0.lora_A.weight", "block.0.diff", "no part of a LoRA")]
    [InlineData("unet.block.0.lora_A.default.weight", "unet.block.0.lora_A.other.weight", "same part")]
    [InlineData(
        "base_model.model.text_model.encoder.layers.0.mlp.fc1.lora_A.weight",
        "base_model.model.text_model.encoder.layers.0.mlp.fc1.lora_B.weight",
        "does not say which"
    )]
    [InlineData("unet.block.0.lora_A.weight", "block.0.lora_A.weight", "same part")]
    [InlineData("unet.block.0.lora_B.weight", "unet.block.0.lora_A.weight", "does not follow")]
    public void Names_file_and_key_of_what_does_not_fit(string down, string up, string problem)
    {
        using var checkpoint = Base();
        Saved("lora.safetensors", (down, linearDown), (up, linearUp)).Dispose();
        var before = LiveTensors.Count();
        var exception = Assert.Throws<CheckpointException>(() =>
        {
            using var lora = LoraWeights.Open(folder.File("lora.safetensors"));
            using var merged = new LoraCheckpoint(checkpoint, network, WeightMap.Identity, LoraTarget.Denoiser, [(lora, 1)]);
        });
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
        Assert.Equal(folder.File("lora.safetensors"), exception.Path);
        Assert.NotNull(exception.TensorName);
        Assert.Equal(before, Tensor.TotalCount);
    }

    [Fact]
    public void Packed_projections_of_the_single_file_change_as_the_folders_do()
    {
        const string Layer = "lora_te2_text_model_encoder_layers_1_self_attn_k_proj";
        using var lora = Lora("lora.safetensors", (Layer + ".lora_down.weight", randn(2, 48)), (Layer + ".lora_up.weight", randn(48, 2)));
        var sdxl = Path.Combine(TestData.Golden, "sdxl");
        using var folderCheckpoint = Checkpoint.Open(Path.Combine(sdxl, "checkpoint", "text_encoder_2"));
        using var single = Checkpoint.Open(Path.Combine(sdxl, "single-file", "sd_xl_base_tiny.safetensors"));
        using var text = new ClipTextModel(ReadTextConfig(Path.Combine(sdxl, "checkpoint", "text_encoder_2", "config.json")), META);

        var map = text.Names(folderCheckpoint);
        using var a = SdxlLora.Merge(folderCheckpoint, text, map, LoraTarget.TextEncoder2, [(lora, 1)]);
        var part = SdxlNames.FindTextEncoder2(single);
        using var b = SdxlLora.Merge(part, text, SdxlNames.TextEncoder2(text, part), LoraTarget.TextEncoder2, [(lora, 1)]);
        var expected = a.Read("text_model.encoder.layers.1.self_attn.k_proj.weight");
        Assert.False(
            expected.equal(folderCheckpoint.Read("text_model.encoder.layers.1.self_attn.k_proj.weight").to(float32)).all().item<bool>()
        );
        AssertClose(expected, b.Read("transformer.resblocks.1.attn.in_proj_weight").narrow(0, 48, 48));
        CheckpointBinder.Verify(text, b, SdxlNames.TextEncoder2(text, part));
    }

    [Fact]
    public void A_tensor_whose_parts_are_read_one_after_the_other_is_merged_once()
    {
        using var lora = Lora("lora.safetensors", ("block.0.lora_A.weight", linearDown), ("block.0.lora_B.weight", linearUp));
        using var checkpoint = Base();
        ReadTwice(); // files are mapped at the first read
        var before = LiveTensors.Count();
        ReadTwice();
        Assert.Equal(before, LiveTensors.Count());

        void ReadTwice()
        {
            using var merged = new LoraCheckpoint(checkpoint, network, WeightMap.Identity, LoraTarget.Denoiser, [(lora, 1)]);
            using var reading = NewDisposeScope();
            var (first, again) = (merged.Read("block.0.weight"), merged.Read("block.0.weight"));
            first.fill_(7);
            Assert.Equal(7, again[0, 0].item<float>());
        }
    }

    [Fact]
    public void Layers_that_the_network_was_built_without_need_no_change()
    {
        const string Layer = "lora_te1_text_model_encoder_layers_2_mlp_fc1";
        using var lora = Lora("lora.safetensors", (Layer + ".lora_down.weight", randn(2, 32)), (Layer + ".lora_up.weight", randn(64, 2)));
        var path = Path.Combine(TestData.Golden, "sdxl", "checkpoint", "text_encoder");
        using var checkpoint = Checkpoint.Open(path);
        using var text = new ClipTextModel(ReadTextConfig(Path.Combine(path, "config.json")), META, penultimateOnly: true);
        using var merged = SdxlLora.Merge(checkpoint, text, text.Names(checkpoint), LoraTarget.TextEncoder, [(lora, 1)]);
        CheckpointBinder.Verify(text, merged, text.Names(checkpoint));
    }
}
