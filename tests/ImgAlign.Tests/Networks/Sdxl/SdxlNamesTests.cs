using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Networks.Vae;
using TorchSharp;

namespace ImgAlign.Tests.Networks.Sdxl;

/// <summary>The golden folder and the golden single file hold the same weights: every one must be found in the other layout.</summary>
public class SdxlNamesTests
{
    private static readonly string Sdxl = Path.Combine(TestData.Golden, "sdxl");

    public static TheoryData<string, string> Networks =>
        new()
        {
            { "unet", "" },
            { "vae", "" },
            { "text_encoder", "text_model." },
            { "text_encoder_2", "text_model." },
        };

    [Theory]
    [MemberData(nameof(Networks))]
    public void Single_file_holds_the_weights_of_the_folder(string folder, string tower)
    {
        using var expected = Checkpoint.Open(Path.Combine(Sdxl, "checkpoint", folder));
        using var single = Checkpoint.Open(Path.Combine(Sdxl, "single-file", "sd_xl_base_tiny.safetensors"));
        using var networks = new NetworksOfFolder();
        var (part, map) = folder switch
        {
            "unet" => Named(SdxlNames.FindUNet(single), part => SdxlNames.UNet(networks.UNet, part)),
            "vae" => Named(AutoencoderNames.TryFind(single)!, networks.Vae.Names),
            "text_encoder" => Named(SdxlNames.FindTextEncoder(single), part => networks.Text.Names(part)),
            _ => Named(SdxlNames.FindTextEncoder2(single), part => SdxlNames.TextEncoder2(networks.Text2, part)),
        };
        var used = new HashSet<string>();
        foreach (var (name, info) in expected.Tensors)
        {
            using var scope = torch.NewDisposeScope();
            long[] shape = [.. info.Shape];
            var source = map.Resolve(name.StartsWith(tower, StringComparison.Ordinal) ? name[tower.Length..] : name);
            Assert.Equal(source.ExpectedShapes(shape), source.Names.Select(original => part.Tensors[original].Shape.ToArray()));
            var combined = source.Combine([.. source.Names.Select(part.Read)], shape);
            Assert.True(combined.equal(expected.Read(name)).all().item<bool>(), name);
            used.UnionWith(source.Names);
        }
        Assert.All(part.Tensors.Keys, name => Assert.True(used.Contains(name) || map.IsIgnored(name), name));
    }

    private static (CheckpointPart Part, WeightMap Map) Named(CheckpointPart part, Func<CheckpointPart, WeightMap> names) =>
        (part, names(part));

    private sealed class NetworksOfFolder : IDisposable
    {
        public SdxlUNetConfig UNet { get; } = SdxlUNetConfig.Read(Config("unet"));
        public AutoencoderKl Vae { get; } = new(AutoencoderKlConfig.Read(Config("vae")), torch.META);
        public ClipTextModel Text { get; } = new(ClipTextConfig.Read(Config("text_encoder")), torch.META);
        public ClipTextModel Text2 { get; } = new(ClipTextConfig.Read(Config("text_encoder_2")), torch.META);

        public void Dispose()
        {
            Vae.Dispose();
            Text.Dispose();
            Text2.Dispose();
        }

        private static string Config(string folder) => Path.Combine(Sdxl, "checkpoint", folder, "config.json");
    }

    [Theory]
    [InlineData("up_blocks.1.upsamplers.0.conv.weight", "output_blocks.5.1.conv.weight")]
    [InlineData("down_blocks.1.downsamplers.0.conv.bias", "input_blocks.6.0.op.bias")]
    [InlineData("mid_block.resnets.1.conv1.weight", "middle_block.2.in_layers.2.weight")]
    public void Blocks_are_counted_through(string name, string expected) =>
        Assert.Equal(
            expected,
            SdxlNames.UNetName(
                name,
                new SdxlUNetConfig { UpBlockTypes = ["UpBlock2D", "UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"] }
            )
        );

    [Fact]
    public void Unknown_parameters_are_the_programmers_error() =>
        Assert.Throws<ArgumentException>(() => AutoencoderNames.Original("encoder.blocks.0.weight", 4));
}
