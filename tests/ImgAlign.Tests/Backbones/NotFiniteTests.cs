using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Runtime;
using ImgAlign.Tests.Imaging;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Backbones;

/// <summary>NaN or infinity among the weights of any network: file and tensor are named, and no picture is made.</summary>
public sealed class NotFiniteTests : ModelTestBase
{
    private static readonly string Sdxl = Path.Combine(TestData.Golden, "sdxl"),
        Flux = Path.Combine(TestData.Golden, "flux"),
        Mllm = Path.Combine(TestData.Golden, "mllm");
    private static readonly ImageSize Size = new(64, 32);
    private static readonly RgbImage Picture = TestImages.Plain(64, 64, 0, 0, 0);

    [Theory]
    [InlineData("text_encoder", "text_model.encoder.layers.0.mlp.fc1.weight")]
    [InlineData("text_encoder_2", "text_projection.weight")]
    [InlineData("unet", "mid_block.resnets.0.conv1.weight")]
    [InlineData("vae", "decoder.conv_out.bias")]
    public void Of_SDXL(string part, string tensor)
    {
        Folder.Link(Path.Combine(Sdxl, "checkpoint"), isLeftOut: name => name == part);
        var file = Damage(Path.Combine(Sdxl, "checkpoint"), part, tensor);
        using var backbone = new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = Folder.Path });
        AssertNamed(file, tensor, () => Generate(backbone));
    }

    [Theory]
    [InlineData("text_encoder", "text_model.encoder.layers.0.mlp.fc1.weight")]
    [InlineData("text_encoder_2", "encoder.block.0.layer.0.SelfAttention.q.weight")]
    [InlineData("transformer", "transformer_blocks.0.attn.to_q.weight")]
    public void Of_FLUX(string part, string tensor)
    {
        Folder.Link(Path.Combine(Flux, "FLUX.1-dev"), isLeftOut: name => name == part);
        var file = Damage(Path.Combine(Flux, "FLUX.1-dev"), part, tensor);
        using var backbone = new FluxBackbone(Runtime, new FluxOptions { ModelPath = Folder.Path });
        AssertNamed(file, tensor, () => Generate(backbone));
    }

    [Fact]
    public void Of_a_single_file_as_the_file_names_them()
    {
        const string Tensor = "conditioner.embedders.1.model.transformer.resblocks.0.attn.in_proj_weight";
        var file = Save(Path.Combine(Sdxl, "single-file", "sd_xl_base_tiny.safetensors"), "single.safetensors", Tensor);
        using var backbone = new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = file, ConfigPath = Path.Combine(Sdxl, "checkpoint") });
        AssertNamed(file, Tensor, () => Generate(backbone));
    }

    [Theory]
    [InlineData("lora_unet_input_blocks_4_1_proj_in.lora_up.weight")]
    [InlineData("lora_unet_input_blocks_4_1_proj_in.lora_down.weight")]
    public void Of_a_LoRA(string tensor)
    {
        var file = Save(Path.Combine(Sdxl, "lora", "lora_kohya.safetensors"), "lora.safetensors", tensor);
        var options = new SdxlOptions { ModelPath = Path.Combine(Sdxl, "checkpoint") };
        options.Loras.Add(new LoraOptions { Path = file });
        using var backbone = new SdxlBackbone(Runtime, options);
        AssertNamed(file, tensor, () => Generate(backbone));
    }

    [Theory]
    [InlineData("image_encoder", "vision_model.encoder.layers.0.mlp.fc1.weight")]
    [InlineData("resampler.pth", "proj_out.weight")]
    [InlineData("ip-adapter-plus_sdxl_vit-h.bin", "ip_adapter.1.to_k_ip.weight")]
    public void Of_an_image_prompt(string part, string tensor)
    {
        var ckpts = Path.Combine(Sdxl, "ckpts");
        var file = part == "image_encoder" ? Damage(ckpts, part, tensor) : Save(Path.Combine(ckpts, part), "damaged.safetensors", tensor);
        var options = new SdxlOptions { ModelPath = Path.Combine(Sdxl, "checkpoint"), ImagePromptPath = ckpts };
        if (part == "image_encoder")
            options.ImageEncoderPath = Path.GetDirectoryName(file);
        else if (part == "resampler.pth")
            options.ResamplerPath = file;
        else
            options.AdapterPath = file;
        using var backbone = new SdxlBackbone(Runtime, options);
        AssertNamed(
            file,
            tensor,
            () =>
            {
                using var prompt = backbone.ImagePrompt!.Encode([Picture]);
                Generate(backbone, prompt);
            }
        );
    }

    [Fact]
    public void Of_a_detector()
    {
        const string Tensor = "model.layers.0.mlp.up_proj.weight";
        var source = Path.Combine(Mllm, "llava-original");
        Folder.Link(source, isLeftOut: static name => name.StartsWith("pytorch_model", StringComparison.Ordinal));
        var file = Save(source, "model.safetensors", Tensor);
        using var detector = new LlavaDetector(
            Runtime,
            new LlavaOptions { ModelPath = Folder.Path, VisionTowerPath = Path.Combine(Mllm, "clip-vit-large-patch14-336") }
        );
        AssertNamed(file, Tensor, () => detector.Detect(Picture, "What is this?").Dispose());
    }

    [Fact]
    public void Of_an_aligner()
    {
        const string Tensor = "module.zero_linear.bias";
        var file = Save(Path.Combine(TestData.Golden, "round", "aligner_sdxl_llava.pth"), "aligner.safetensors", Tensor);
        using var aligner = new ImplicitAligner(Runtime, file, headWidth: 8);
        using var h = zeros(1, 3, aligner.DetectorWidth);
        using var z = zeros(1, 4, aligner.TokenWidth);
        AssertNamed(file, Tensor, () => aligner.Align(h, z).Dispose());
    }

    [Fact]
    public void Latents_that_are_not_finite_by_a_scale_are_an_error_too()
    {
        using var backbone = new SdxlBackbone(Runtime, new SdxlOptions { ModelPath = Path.Combine(Sdxl, "checkpoint") });
        using var latents = full([1, 4, 4, 8], float.PositiveInfinity);
        var message = Assert.Throws<ImgAlignException>(() => backbone.Decode(latents)).Message;
        Assert.Contains("The latents are not finite", message, StringComparison.Ordinal);
        Assert.Contains("guidance", message, StringComparison.Ordinal);
    }

    private static void AssertNamed(string file, string tensor, Action run)
    {
        var exception = Assert.Throws<CheckpointException>(run);
        Assert.Equal((file, tensor), (exception.Path, exception.TensorName));
        Assert.Contains("not finite", exception.Message, StringComparison.Ordinal);
    }

    private static void Generate(IDiffusionBackbone backbone, Tensor? imagePrompt = null)
    {
        using var slope = backbone.Slope(Size, imagePrompt: imagePrompt);
        backbone.Decode(slope);
    }

    // A part's folder with one file of weights, in which one number is not finite.
    private string Damage(string source, string part, string tensor)
    {
        var from = Path.Combine(source, part);
        Folder.Write($"{part}/config.json", File.ReadAllBytes(Path.Combine(from, "config.json")));
        return Save(from, $"{part}/model.safetensors", tensor);
    }

    private string Save(string source, string name, string tensor) =>
        Folder.Rewrite(name, source, tensors => tensors.Select(pair => pair.Key == tensor ? new(tensor, WithNaN(pair.Value)) : pair));

    private static Tensor WithNaN(Tensor tensor)
    {
        var damaged = tensor.clone();
        damaged.view(-1)[0] = torch.tensor(float.NaN);
        return damaged;
    }
}
