using System.Text.Json.Nodes;
using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Runtime;
using ImgAlign.Testing.Golden;
using ImgAlign.Tests.Checkpoints;
using TorchSharp;

namespace ImgAlign.Tests.Backbones;

/// <summary>What does not fit is found when a model is made, by one sentence, and leaves nothing behind.</summary>
public sealed class FittingTests : IDisposable
{
    private static readonly string Sdxl = Path.Combine(TestData.Golden, "sdxl");
    private static readonly string Flux = Path.Combine(TestData.Golden, "flux");

    private readonly TemporaryFolder folder = new();
    private readonly DeviceRuntime runtime = new(new RuntimeOptions { Threads = 1 });

    public void Dispose()
    {
        runtime.Dispose();
        folder.Dispose();
    }

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
        Refuses(expected, () => new SdxlBackbone(runtime, new SdxlOptions { ModelPath = Edited(Path.Combine(Sdxl, "checkpoint"), part, field, value), ImagePromptPath = Path.Combine(Sdxl, "ckpts") }));

    [Theory]
    [InlineData("transformer", "joint_attention_dim", 64, "T5 gives features of width 48, but the transformer's joint_attention_dim is 64")]
    [InlineData("transformer", "pooled_projection_dim", 64, "CLIP gives pooled features of width 40, but the transformer's pooled_projection_dim is 64")]
    [InlineData("transformer", "in_channels", 384, "takes image tokens of width 384 and gives")]
    [InlineData("transformer", "num_layers", 3, "is missing")]
    [InlineData("vae", "layers_per_block", 3, "is missing")]
    [InlineData("text_encoder", "intermediate_size", 3, "has shape")]
    [InlineData("text_encoder_2", "d_ff", 3, "has shape")]
    public void A_part_of_Flux_that_does_not_fit(string part, string field, int value, string expected) =>
        Refuses(expected, () => new FluxBackbone(runtime, new FluxOptions { ModelPath = Edited(Path.Combine(Flux, "FLUX.1-dev"), part, field, value), ImagePromptPath = Path.Combine(Flux, "flux-ip-adapter") }));

    [Fact]
    public void A_resampler_of_another_width()
    {
        var path = folder.File("resampler.safetensors");
        using (var released = Checkpoint.Open(Path.Combine(Sdxl, "ckpts", "resampler.pth")))
        {
            var (config, tokens) = Resampler.ReadSizes(released);
            using var network = new Resampler(config with { OutputWidth = 96 }, tokens, torch.META);
            using var weights = new RuleCheckpoint(1, ModuleParameters.Enumerate(network).Select(parameter => KeyValuePair.Create(parameter.Path, parameter.Value.shape)));
            SafetensorsWriter.Write(path, weights);
        }
        Refuses("tokens are 96 wide, but the UNet's cross_attention_dim is 80", () => new SdxlBackbone(runtime, SdxlWith(resampler: path)));
        Refuses("needs both ImageEncoderPath and AdapterPath", () => new SdxlBackbone(runtime, new SdxlOptions { ModelPath = Path.Combine(Sdxl, "checkpoint"), ResamplerPath = path }));
    }

    [Fact]
    public void An_adapter_of_another_network() =>
        Refuses("ImagePromptAdapter", () => new SdxlBackbone(runtime, SdxlWith(adapter: Path.Combine(Sdxl, "ckpts", "resampler.pth"))));

    [Fact]
    public void A_detector_and_an_aligner_of_other_sizes()
    {
        Refuses("has shape", () => new LlavaDetector(runtime, new LlavaOptions { ModelPath = Edited(Path.Combine(TestData.Golden, "mllm", "llava-original"), "", "intermediate_size", 3), VisionTowerPath = Path.Combine(TestData.Golden, "mllm", "clip-vit-large-patch14-336") }));
        Refuses("proj_out to", () => new ImplicitAligner(runtime, Path.Combine(Sdxl, "ckpts", "resampler.pth")));
    }

    private static SdxlOptions SdxlWith(string? resampler = null, string? adapter = null) =>
        new() { ModelPath = Path.Combine(Sdxl, "checkpoint"), ImagePromptPath = Path.Combine(Sdxl, "ckpts"), ResamplerPath = resampler, AdapterPath = adapter };

    // Whatever is made within the scope is counted by it, and no longer once it is disposed.
    private void Refuses(string expected, Func<IDisposable> create)
    {
        using var scope = torch.NewDisposeScope();
        var exception = Assert.ThrowsAny<ImgAlignException>(create);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.Equal(0, scope.DisposablesCount);
        Assert.Equal(0, runtime.Residency.Count);
    }

    /// <summary>The model with one field of one configuration changed.</summary>
    private string Edited(string model, string part, string field, int value)
    {
        var copy = folder.File(Path.GetFileName(model));
        Link(model, copy);
        if (part.Length > 0)
        {
            Directory.Delete(Path.Combine(copy, part));
            Link(Path.Combine(model, part), Path.Combine(copy, part));
        }
        var path = Path.Combine(copy, part, "config.json");
        var json = JsonNode.Parse(File.ReadAllText(path))!;
        json[field] = value;
        File.Delete(path);
        File.WriteAllText(path, json.ToJsonString());
        return copy;
    }

    private static void Link(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from)) File.CreateSymbolicLink(Path.Combine(to, Path.GetFileName(file)), file);
        foreach (var inner in Directory.GetDirectories(from)) Directory.CreateSymbolicLink(Path.Combine(to, Path.GetFileName(inner)), inner);
    }
}
