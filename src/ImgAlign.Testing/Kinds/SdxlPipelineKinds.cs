using ImgAlign.Alignment;
using ImgAlign.Imaging;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>SDXL from a prompt to a picture, and a whole round of IMG with the detector's hidden states given.</summary>
internal static class SdxlPipelineKinds
{
    public static void Add(GoldenRunner runner) => runner
        .Add("pipeline-sdxl", Generate)
        .Add("pipeline-img-sdxl", Align)
        .Add("image-postprocess", Postprocess);

    private static Dictionary<string, torch.Tensor> Generate(GoldenCase golden, torch.Device device)
    {
        using var sdxl = new SdxlGeneration(golden, device);
        var latents = sdxl.Generate();
        return new(sdxl.Decode("image", latents)) { ["latents"] = latents, ["decoded"] = sdxl.Backbone.DecodeLatents(latents) };
    }

    private static Dictionary<string, torch.Tensor> Align(GoldenCase golden, torch.Device device)
    {
        using var sdxl = new SdxlGeneration(golden, device);
        using var aligner = LoadAligner(golden, sdxl);
        var outputs = new Dictionary<string, torch.Tensor>();

        var baseLatents = outputs["base_latents"] = sdxl.Generate();
        foreach (var (name, image) in sdxl.Decode("base_image", baseLatents)) outputs[name] = image;

        var z = outputs["z0"] = sdxl.Backbone.ImagePrompt.Encode([ImagingKinds.ToImage(golden.Inputs["base_image"])]);
        for (var pass = 1; pass <= golden.Options.GetProperty("aligner_passes").GetInt32(); pass++)
            z = outputs[$"z{pass}"] = aligner.Align(golden.Inputs["h"], outputs["z0"], pass);

        var noImage = outputs["uncond_tokens"] = sdxl.Backbone.ImagePrompt.EncodeUnconditional();
        var latents = outputs["latents"] = sdxl.Generate(z, noImage, golden.Options.GetProperty("ip_scale").GetDouble());
        foreach (var (name, image) in sdxl.Decode("image", latents)) outputs[name] = image;
        return outputs;
    }

    internal static ImplicitAligner LoadAligner(GoldenCase golden, SdxlGeneration sdxl)
    {
        var path = golden.PathOption("aligner") ?? Path.Combine(golden.PathOption("ckpts")!, "aligner_sdxl.pth");
        var headWidth = golden.Options.TryGetProperty("aligner_config", out var config) ? config.GetProperty("dim_head").GetInt32() : PerceiverConfig.ReleasedHeadWidth;
        return new ImplicitAligner(sdxl.Runtime, path, headWidth);
    }

    private static Dictionary<string, torch.Tensor> Postprocess(GoldenCase golden, torch.Device device) =>
        DecodedImages.ToImages(golden.Inputs["image"].to(device)).Select((image, i) => (Name: $"image.{i}", Image: image))
            .ToDictionary(pair => pair.Name, pair => ImagingKinds.ToTensor(pair.Image));
}
