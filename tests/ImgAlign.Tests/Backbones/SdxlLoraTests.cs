using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Runtime;
using ImgAlign.Tests.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Backbones;

public class SdxlLoraTests
{
    private static readonly string Sdxl = Path.Combine(TestData.Golden, "sdxl");

    private static SdxlOptions Options(string model, params string[] loras)
    {
        var options = new SdxlOptions { ModelPath = Path.Combine(Sdxl, model), ConfigPath = Path.Combine(Sdxl, "checkpoint") };
        foreach (var lora in loras)
            options.Loras.Add(new LoraOptions { Path = Path.Combine(Sdxl, "lora", lora), Scale = 0.7 });
        return options;
    }

    private static Tensor Predict(DeviceRuntime runtime, SdxlOptions options)
    {
        using var backbone = new SdxlBackbone(runtime, options);
        var size = new ImageSize(64, 64);
        using var text = backbone.EncodeText(["a red cube"]);
        using var conditioning = backbone.Condition(text, null, 0, size, backbone.Settings());
        using var noise = backbone.Noise(size, 1);
        return backbone.Predict(noise, backbone.CreateSchedule(backbone.Settings() with { Steps = 10 }, size).Levels[3], conditioning);
    }

    [Fact]
    public void Acts_alike_on_a_folder_and_on_a_single_file()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Precision = Precision.Float32 });
        using var scope = NewDisposeScope();
        var plain = Predict(runtime, Options("checkpoint"));
        var folder = Predict(runtime, Options("checkpoint", "lora_kohya.safetensors"));
        var single = Predict(runtime, Options("single-file/sd_xl_base_tiny.safetensors", "lora_kohya.safetensors"));
        Assert.True((folder - plain).abs().max().item<float>() > 1e-3f);
        Assert.True((folder - single).abs().max().item<float>() < 1e-5f);
    }

    [Theory]
    [InlineData("lora_te2_text_projection", 48, 48)]
    [InlineData("text_encoders.clip_g.transformer.text_model.encoder.layers.1.mlp.fc1", 48, 96)]
    public void A_layer_of_the_second_text_encoder_changes_in_a_single_file_as_in_a_folder(string layer, long inputs, long outputs)
    {
        using var folder = new TemporaryFolder();
        using var runtime = new DeviceRuntime(new RuntimeOptions { Precision = Precision.Float32 }, CPU);
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(
            folder.File("lora.safetensors"),
            new Dictionary<string, Tensor>
            {
                [layer + ".lora_down.weight"] = randn(2, inputs),
                [layer + ".lora_up.weight"] = randn(outputs, 2),
            }
        );
        var plain = Pooled(runtime, Options("checkpoint"));
        var (inFolder, inFile) = (Options("checkpoint"), Options("single-file/sd_xl_base_tiny.safetensors"));
        foreach (var options in (SdxlOptions[])[inFolder, inFile])
            options.Loras.Add(new LoraOptions { Path = folder.File("lora.safetensors"), Scale = 0.7 });
        Assert.True((Pooled(runtime, inFolder) - plain).abs().max().item<float>() > 1e-3f);
        Assert.True((Pooled(runtime, inFolder) - Pooled(runtime, inFile)).abs().max().item<float>() < 1e-4f);
    }

    [Theory]
    [InlineData("base_model.model.text_model.encoder.layers.0.self_attn.q_proj")]
    [InlineData("layers.0.self_attn.q_proj")]
    [InlineData("lora_te1_q_proj")]
    public void A_layer_that_only_ends_like_one_of_another_network_is_refused_on_every_base(string layer)
    {
        using var folder = new TemporaryFolder();
        using var runtime = new DeviceRuntime(new RuntimeOptions { Precision = Precision.Float32 }, CPU);
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(
            folder.File("lora.safetensors"),
            new Dictionary<string, Tensor> { [layer + ".lora_A.weight"] = randn(2, 32), [layer + ".lora_B.weight"] = randn(32, 2) }
        );
        foreach (var model in (string[])["checkpoint", "single-file/sd_xl_base_tiny.safetensors"])
        {
            var options = Options(model);
            options.Loras.Add(new LoraOptions { Path = folder.File("lora.safetensors") });
            Assert.Equal(
                folder.File("lora.safetensors"),
                Assert.Throws<CheckpointException>(() => new SdxlBackbone(runtime, options)).Path
            );
        }
    }

    [Theory]
    [InlineData("checkpoint")]
    [InlineData("single-file/sd_xl_base_tiny.safetensors")]
    public void The_number_of_layers_that_were_changed_is_known(string model)
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions(), CPU);
        using var backbone = new SdxlBackbone(runtime, Options(model, "lora_kohya.safetensors", "pytorch_lora_weights.safetensors"));
        using var lora = LoraWeights.Open(Path.Combine(Sdxl, "lora", "lora_kohya.safetensors"));
        Assert.Equal([lora.Layers.Count, lora.Layers.Count], backbone.Info.Loras.Select(static applied => applied.Layers));
        Assert.Equal([0.7, 0.7], backbone.Info.Loras.Select(static applied => applied.Scale));
    }

    private static Tensor Pooled(DeviceRuntime runtime, SdxlOptions options)
    {
        using var backbone = new SdxlBackbone(runtime, options);
        return PooledTextFeatures.Of(backbone.EncodeText(["a red cube"])).Pooled;
    }

    [Fact]
    public void A_missing_file_or_a_scale_that_is_no_number_is_named_before_anything_is_loaded()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        Assert.Contains(
            "no such LoRA",
            Assert.Throws<ImgAlignException>(() => new SdxlBackbone(runtime, Options("checkpoint", "none.safetensors"))).Message,
            StringComparison.Ordinal
        );
        var options = Options("checkpoint", "lora_kohya.safetensors");
        options.Loras[0].Scale = double.NaN;
        Assert.Contains(
            "finite",
            Assert.Throws<ImgAlignException>(() => new SdxlBackbone(runtime, options)).Message,
            StringComparison.Ordinal
        );
    }
}
