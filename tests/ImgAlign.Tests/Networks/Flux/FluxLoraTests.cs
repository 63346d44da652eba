using ImgAlign.Checkpoints;
using ImgAlign.Networks;
using ImgAlign.Networks.Flux;
using ImgAlign.Tests.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Flux;

/// <summary>The same change in the names of diffusers, of kohya and of XLabs, on a base in either layout.</summary>
public sealed class FluxLoraTests : IDisposable
{
    private static readonly string Model = Path.Combine(TestData.Golden, "flux", "FLUX.1-dev");
    private static readonly FluxConfig Config = FluxConfig.Read(Path.Combine(Model, "transformer", "config.json"));

    private readonly TemporaryFolder folder = new();
    private readonly DisposeScope scope = NewDisposeScope();
    private readonly Tensor down;
    private readonly Tensor up;

    public FluxLoraTests()
    {
        (down, up) = (randn(2, Config.Width), randn(3 * Config.Width, 2));
    }

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("transformer")]
    [InlineData("flux1-dev.safetensors")]
    public void Packed_projections_change_their_parts(string layout)
    {
        var diffusers = Merge(
            layout,
            "diffusers",
            new()
            {
                ["transformer.transformer_blocks.1.attn.to_q.lora_A.weight"] = down,
                ["transformer.transformer_blocks.1.attn.to_q.lora_B.weight"] = Part(0),
                ["transformer.transformer_blocks.1.attn.to_k.lora_A.weight"] = down,
                ["transformer.transformer_blocks.1.attn.to_k.lora_B.weight"] = Part(1),
                ["transformer.transformer_blocks.1.attn.to_v.lora_A.weight"] = down,
                ["transformer.transformer_blocks.1.attn.to_v.lora_B.weight"] = Part(2),
                ["transformer.single_transformer_blocks.0.proj_out.lora_A.weight"] = randn(2, 5 * Config.Width),
                ["transformer.single_transformer_blocks.0.proj_out.lora_B.weight"] = Part(0),
            }
        );
        var (single, singleUp) = (diffusers.Files["transformer.single_transformer_blocks.0.proj_out.lora_A.weight"], Part(0));
        var kohya = Merge(
            layout,
            "kohya",
            new()
            {
                ["lora_unet_double_blocks_1_img_attn_qkv.lora_down.weight"] = down,
                ["lora_unet_double_blocks_1_img_attn_qkv.lora_up.weight"] = up,
                ["lora_unet_double_blocks_1_img_attn_qkv.alpha"] = tensor(2f),
                ["lora_unet_single_blocks_0_linear2.lora_down.weight"] = single,
                ["lora_unet_single_blocks_0_linear2.lora_up.weight"] = singleUp,
            }
        );
        var xlabs = Merge(
            layout,
            "xlabs",
            new()
            {
                ["double_blocks.1.processor.qkv_lora1.down.weight"] = down,
                ["double_blocks.1.processor.qkv_lora1.up.weight"] = up,
                ["single_blocks.0.processor.proj_lora.down.weight"] = single,
                ["single_blocks.0.processor.proj_lora.up.weight"] = singleUp,
            }
        );

        var plain = Load("transformer", []);
        Assert.Equal(4, diffusers.Parameters.Count(pair => Difference(pair.Value, plain[pair.Key]) > 0.01));
        foreach (var (name, value) in diffusers.Parameters)
        {
            Assert.True(Difference(value, kohya.Parameters[name]) < 1e-5, name);
            Assert.True(Difference(value, xlabs.Parameters[name]) < 1e-5, name);
        }
    }

    [Theory]
    [InlineData("transformer")]
    [InlineData("flux1-dev.safetensors")]
    public void Halves_that_stand_the_other_way_round_are_swapped(string layout)
    {
        var merged = Merge(
            layout,
            "kohya",
            new()
            {
                ["lora_unet_final_layer_adaLN_modulation_1.lora_down.weight"] = down,
                ["lora_unet_final_layer_adaLN_modulation_1.lora_up.weight"] = up.narrow(0, 0, 2 * Config.Width),
            }
        ).Parameters["norm_out.linear.weight"];

        var expected = Load("transformer", [])["norm_out.linear.weight"] + up.narrow(0, 0, 2 * Config.Width).mm(down).roll(Config.Width, 0);
        Assert.True(Difference(expected, merged) < 1e-5);
    }

    [Fact]
    public void What_the_network_lacks_is_named() =>
        Assert.Contains(
            "double_blocks.7",
            Assert
                .Throws<CheckpointException>(() =>
                    Merge(
                        "transformer",
                        "other",
                        new()
                        {
                            ["double_blocks.7.processor.qkv_lora1.down.weight"] = down,
                            ["double_blocks.7.processor.qkv_lora1.up.weight"] = up,
                        }
                    )
                )
                .Message,
            StringComparison.Ordinal
        );

    // x-flux, DoubleStreamBlockLoraProcessor and SingleStreamBlockLoraProcessor; diffusers _convert_xlabs_flux_lora_to_diffusers.
    [Theory]
    [InlineData("double_blocks.1.processor.qkv_lora1", "lora_unet_double_blocks_1_img_attn_qkv", 1, 3)]
    [InlineData("double_blocks.1.processor.qkv_lora2", "lora_unet_double_blocks_1_txt_attn_qkv", 1, 3)]
    [InlineData("double_blocks.1.processor.proj_lora1", "lora_unet_double_blocks_1_img_attn_proj", 1, 1)]
    [InlineData("double_blocks.1.processor.proj_lora2", "lora_unet_double_blocks_1_txt_attn_proj", 1, 1)]
    [InlineData("single_blocks.0.processor.proj_lora", "lora_unet_single_blocks_0_linear2", 5, 1)]
    [InlineData("diffusion_model.double_blocks.1.processor.proj_lora1", "lora_unet_double_blocks_1_img_attn_proj", 1, 1)]
    public void Every_layer_of_XLabs_is_one_of_the_authors(string xlabs, string kohya, int inputs, int outputs)
    {
        var (a, b) = (randn(2, inputs * Config.Width), randn(outputs * Config.Width, 2));
        var expected = Merge(
            "transformer",
            "kohya",
            new() { [kohya + ".lora_down.weight"] = a, [kohya + ".lora_up.weight"] = b }
        ).Parameters;
        var actual = Merge("transformer", "xlabs", new() { [xlabs + ".down.weight"] = a, [xlabs + ".up.weight"] = b }).Parameters;
        var plain = Load("transformer", []);
        Assert.Equal(outputs, actual.Count(pair => Difference(pair.Value, plain[pair.Key]) > 0.01));
        Assert.All(actual, pair => Assert.True(Difference(pair.Value, expected[pair.Key]) < 1e-5, pair.Key));
    }

    [Fact]
    public void The_packed_projection_of_XLabs_in_a_single_block_leaves_the_feed_forward_alone()
    {
        const string Block = "transformer.single_transformer_blocks.0.attn.to_";
        var actual = Merge(
            "transformer",
            "xlabs",
            new() { ["single_blocks.0.processor.qkv_lora.down.weight"] = down, ["single_blocks.0.processor.qkv_lora.up.weight"] = up }
        ).Parameters;
        var expected = Merge(
            "transformer",
            "diffusers",
            new()
            {
                [Block + "q.lora_A.weight"] = down,
                [Block + "q.lora_B.weight"] = Part(0),
                [Block + "k.lora_A.weight"] = down,
                [Block + "k.lora_B.weight"] = Part(1),
                [Block + "v.lora_A.weight"] = down,
                [Block + "v.lora_B.weight"] = Part(2),
            }
        ).Parameters;
        Assert.All(actual, pair => Assert.True(Difference(pair.Value, expected[pair.Key]) < 1e-5, pair.Key));
    }

    private Tensor Part(int index) => up.narrow(0, index * Config.Width, Config.Width).contiguous();

    private (Dictionary<string, Tensor> Files, Dictionary<string, Tensor> Parameters) Merge(
        string layout,
        string name,
        Dictionary<string, Tensor> tensors
    )
    {
        var path = folder.File(name + ".safetensors");
        SafetensorsWriter.Write(path, tensors.ToDictionary(pair => pair.Key, pair => pair.Value.contiguous()));
        using var lora = LoraWeights.Open(path);
        return (tensors, Load(layout, [(lora, 1)]));
    }

    private static Dictionary<string, Tensor> Load(string layout, IReadOnlyList<(LoraWeights, double)> loras)
    {
        using var weights = Checkpoint.Open(Path.Combine(Model, layout));
        using var network = new FluxTransformer(Config, META);
        using var merged = FluxLora.Merge(weights, network, loras);
        CheckpointBinder.Bind(network, merged, network.Names(merged), float32, CPU);
        return ModuleParameters.Enumerate(network).ToDictionary(parameter => parameter.Path, parameter => parameter.Value.detach().clone());
    }

    private static float Difference(Tensor left, Tensor right) => (left - right).abs().max().item<float>();
}
