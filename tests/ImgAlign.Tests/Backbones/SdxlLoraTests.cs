using ImgAlign.Backbones;
using ImgAlign.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Backbones;

public class SdxlLoraTests
{
    private static readonly string Sdxl = Path.Combine(TestData.Golden, "sdxl");

    private static SdxlOptions Options(string model, params string[] loras)
    {
        var options = new SdxlOptions { ModelPath = Path.Combine(Sdxl, model), ConfigPath = Path.Combine(Sdxl, "checkpoint") };
        foreach (var lora in loras) options.Loras.Add(new LoraOptions { Path = Path.Combine(Sdxl, "lora", lora), Scale = 0.7 });
        return options;
    }

    private static Tensor Derivative(DeviceRuntime runtime, SdxlOptions options)
    {
        using var backbone = new SdxlBackbone(runtime, options);
        var size = new ImageSize(64, 64);
        using var text = backbone.EncodeText(["a red cube"]);
        using var conditioning = backbone.Condition(text, null, 0, size);
        using var noise = backbone.CreateNoise(size, 1);
        return backbone.Derivative(noise, backbone.CreateSchedule(10, size).Steps[3], conditioning);
    }

    [Fact]
    public void Acts_alike_on_a_folder_and_on_a_single_file()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Precision = Precision.Float32 }, CPU);
        using var scope = NewDisposeScope();
        var plain = Derivative(runtime, Options("checkpoint"));
        var folder = Derivative(runtime, Options("checkpoint", "lora_kohya.safetensors"));
        var single = Derivative(runtime, Options("single-file/sd_xl_base_tiny.safetensors", "lora_kohya.safetensors"));
        Assert.True((folder - plain).abs().max().item<float>() > 1e-3f);
        Assert.True((folder - single).abs().max().item<float>() < 1e-5f);
    }

    [Fact]
    public void A_missing_file_or_a_scale_that_is_no_number_is_named_before_anything_is_loaded()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions(), CPU);
        Assert.Contains("no such LoRA", Assert.Throws<ImgAlignException>(() => new SdxlBackbone(runtime, Options("checkpoint", "none.safetensors"))).Message, StringComparison.Ordinal);
        var options = Options("checkpoint", "lora_kohya.safetensors");
        options.Loras[0].Scale = double.NaN;
        Assert.Contains("finite", Assert.Throws<ImgAlignException>(() => new SdxlBackbone(runtime, options)).Message, StringComparison.Ordinal);
    }
}
