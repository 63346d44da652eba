using System.Text.Json.Nodes;
using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Runtime;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Tests.Backbones;

/// <summary>What does not fit is found when a model is made, by one sentence, and leaves nothing behind.</summary>
public sealed class FittingTests : ModelTestBase
{
    private static readonly string Sdxl = Path.Combine(TestData.Golden, "sdxl");
    private static readonly string Flux = Path.Combine(TestData.Golden, "flux");

    [Theory]
    [InlineData("unet", "cross_attention_dim", 96, "features of width 80 together, but the UNet's cross_attention_dim is 96")]
    [InlineData("unet", "projection_class_embeddings_input_dim", 160, "pooled features of width 48, but the UNet takes 64")]
    [InlineData("unet", "in_channels", 9, "takes 9 channels and gives 4")]
    [InlineData("vae", "norm_num_groups", 3, "norm_num_groups")]
    [InlineData("unet", "layers_per_block", 3, "is missing")]
    [InlineData("vae", "layers_per_block", 3, "is missing")]
    [InlineData("text_encoder", "intermediate_size", 3, "has shape")]
    [InlineData("text_encoder_2", "intermediate_size", 3, "has shape")]
    public void A_part_of_Sdxl_that_does_not_fit(string part, string field, int value, string expected) =>
        Refuses(
            expected,
            () =>
                new SdxlBackbone(
                    Runtime,
                    new SdxlOptions
                    {
                        ModelPath = Edited(Path.Combine(Sdxl, "checkpoint"), part, field, value),
                        ImagePromptPath = Path.Combine(Sdxl, "ckpts"),
                    }
                )
        );

    [Theory]
    [InlineData("transformer", "joint_attention_dim", 64, "T5 gives features of width 48, but the transformer's joint_attention_dim is 64")]
    [InlineData(
        "transformer",
        "pooled_projection_dim",
        64,
        "CLIP gives pooled features of width 40, but the transformer's pooled_projection_dim is 64"
    )]
    [InlineData("transformer", "in_channels", 384, "takes image tokens of width 384 and gives")]
    [InlineData("transformer", "num_layers", 3, "is missing")]
    [InlineData("vae", "layers_per_block", 3, "is missing")]
    [InlineData("text_encoder", "intermediate_size", 3, "has shape")]
    [InlineData("text_encoder_2", "d_ff", 3, "has shape")]
    public void A_part_of_Flux_that_does_not_fit(string part, string field, int value, string expected) =>
        Refuses(
            expected,
            () =>
                new FluxBackbone(
                    Runtime,
                    new FluxOptions
                    {
                        ModelPath = Edited(Path.Combine(Flux, "FLUX.1-dev"), part, field, value),
                        ImagePromptPath = Path.Combine(Flux, "flux-ip-adapter"),
                    }
                )
        );

    [Fact]
    public void A_resampler_of_another_width()
    {
        var path = Folder.File("resampler.safetensors");
        using (var released = Checkpoint.Open(Path.Combine(Sdxl, "ckpts", "resampler.pth")))
        {
            var (config, tokens) = Resampler.ReadSizes(released);
            using var network = new Resampler(config with { OutputWidth = 96 }, tokens, torch.META);
            using var weights = new RuleCheckpoint(
                1,
                ModuleParameters.Enumerate(network).Select(parameter => KeyValuePair.Create(parameter.Path, parameter.Value.shape))
            );
            SafetensorsWriter.Write(path, weights);
        }
        Refuses("tokens are 96 wide, but the UNet's cross_attention_dim is 80", () => new SdxlBackbone(Runtime, SdxlWith(resampler: path)));
        Refuses(
            "needs both ImageEncoderPath and AdapterPath",
            () => new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = Path.Combine(Sdxl, "checkpoint"), ResamplerPath = path })
        );
    }

    [Fact]
    public void An_adapter_of_another_network() =>
        Refuses("ImagePromptAdapter", () => new SdxlBackbone(Runtime, SdxlWith(adapter: Path.Combine(Sdxl, "ckpts", "resampler.pth"))));

    [Fact]
    public void A_detector_and_an_aligner_of_other_sizes()
    {
        Refuses(
            "has shape",
            () =>
                new LlavaDetector(
                    Runtime,
                    new LlavaOptions
                    {
                        ModelPath = Edited(Path.Combine(TestData.Golden, "mllm", "llava-original"), "", "intermediate_size", 3),
                        VisionTowerPath = Path.Combine(TestData.Golden, "mllm", "clip-vit-large-patch14-336"),
                    }
                )
        );
        Refuses("proj_out to", () => new ImplicitAligner(Runtime, Path.Combine(Sdxl, "ckpts", "resampler.pth")));
    }

    private static SdxlOptions SdxlWith(string? resampler = null, string? adapter = null) =>
        new()
        {
            ModelPath = Path.Combine(Sdxl, "checkpoint"),
            ImagePromptPath = Path.Combine(Sdxl, "ckpts"),
            ResamplerPath = resampler,
            AdapterPath = adapter,
        };

    // Whatever is made within the scope is counted by it, and no longer once it is disposed.
    private void Refuses(string expected, Func<IDisposable> create)
    {
        using var scope = torch.NewDisposeScope();
        var exception = Assert.ThrowsAny<ImgAlignException>(create);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.Equal(0, scope.DisposablesCount);
        Assert.Equal(0, Runtime.Residency.Count);
    }

    /// <summary>The model with one field of one configuration changed.</summary>
    private string Edited(string model, string part, string field, int value)
    {
        var name = Path.GetFileName(model);
        var copy = Folder.File(name);
        Folder.Link(model, name, entry => entry == part);
        if (part.Length > 0)
            Folder.Link(Path.Combine(model, part), $"{name}/{part}");
        var path = Path.Combine(copy, part, "config.json");
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        json[field] = value;
        File.Delete(path);
        File.WriteAllText(path, json.ToJsonString());
        return copy;
    }
}
