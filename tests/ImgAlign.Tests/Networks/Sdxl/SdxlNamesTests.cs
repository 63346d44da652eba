using ImgAlign.Checkpoints;
using ImgAlign.Networks.Sdxl;
using TorchSharp;

namespace ImgAlign.Tests.Networks.Sdxl;

/// <summary>The golden folder and the golden single file hold the same weights: every one must be found in the other layout.</summary>
public class SdxlNamesTests
{
    private static readonly string Sdxl = Path.Combine(TestData.Golden, "sdxl");

    public static TheoryData<string, string> Networks => new()
    {
        { "unet", "" }, { "vae", "" }, { "text_encoder", "text_model." }, { "text_encoder_2", "text_model." },
    };

    [Theory]
    [MemberData(nameof(Networks))]
    public void Single_file_holds_the_weights_of_the_folder(string folder, string tower)
    {
        using var expected = Checkpoint.Open(Path.Combine(Sdxl, "checkpoint", folder));
        using var single = Checkpoint.Open(Path.Combine(Sdxl, "single-file", "sd_xl_base_tiny.safetensors"));
        Assert.True(SdxlNames.IsSingleFile(single));
        Assert.False(SdxlNames.IsSingleFile(expected));
        var map = folder switch
        {
            "unet" => SdxlNames.UNet(SdxlUNetConfig.Load(Path.Combine(Sdxl, "checkpoint", "unet", "config.json"))),
            "vae" => SdxlNames.Vae(4),
            "text_encoder" => WeightMap.Prefixed(SdxlNames.TextEncoderPrefix + "text_model.").Ignoring(name => name.EndsWith(".position_ids", StringComparison.Ordinal)),
            _ => SdxlNames.TextEncoder2,
        };
        var used = new HashSet<string>();
        foreach (var (name, info) in expected.Tensors)
        {
            using var scope = torch.NewDisposeScope();
            long[] shape = [.. info.Shape];
            var source = map.Resolve(name.StartsWith(tower, StringComparison.Ordinal) ? name[tower.Length..] : name);
            Assert.Equal(source.ExpectedShapes(shape), source.Names.Select(original => single.Tensors[original].Shape.ToArray()));
            var combined = source.Combine([.. source.Names.Select(single.Read)], shape);
            Assert.True(combined.equal(expected.Read(name)).all().item<bool>(), name);
            used.UnionWith(source.Names);
        }
        Assert.All(single.Tensors.Keys, name => Assert.True(used.Contains(name) || map.IsIgnored(name), name));
    }

    [Theory]
    [InlineData("up_blocks.1.upsamplers.0.conv.weight", "output_blocks.5.1.conv.weight")]
    [InlineData("down_blocks.1.downsamplers.0.conv.bias", "input_blocks.6.0.op.bias")]
    [InlineData("mid_block.resnets.1.conv1.weight", "middle_block.2.in_layers.2.weight")]
    public void Blocks_are_counted_through(string name, string expected) =>
        Assert.Equal(expected, SdxlNames.UNetName(name, new SdxlUNetConfig { UpBlockTypes = ["UpBlock2D", "UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"] }));

    [Fact]
    public void Unknown_parameters_are_the_programmers_error() => Assert.Throws<ArgumentException>(() => SdxlNames.Vae(4).Resolve("encoder.blocks.0.weight"));
}
