using ImgAlign.Imaging;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>SDXL from a prompt to a picture, and a whole round of IMG with the detector's hidden states given.</summary>
internal static class SdxlPipelineKinds
{
    public static void Add(GoldenRunner runner) =>
        runner
            .Add("pipeline-sdxl", Generate)
            .Add("pipeline-sdxl-img2img", Continue)
            .Add("pipeline-img-sdxl", Align)
            .Add("image-postprocess", Postprocess);

    private static Dictionary<string, torch.Tensor> Generate(GoldenCase golden, torch.Device device)
    {
        using var sdxl = new SdxlRuns(golden, device);
        return Generate(sdxl);
    }

    private static Dictionary<string, torch.Tensor> Continue(GoldenCase golden, torch.Device device)
    {
        using var sdxl = new SdxlRuns(golden, device);
        var outputs = Generate(sdxl);
        foreach (var (name, value) in sdxl.Backbone.StartOutputs())
            outputs[name] = value;
        outputs["init_latents"] = sdxl.Backbone.FirstSample;
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Generate(SdxlRuns sdxl)
    {
        var images = sdxl.Generate().Named("image", ".");
        return new(images) { ["latents"] = sdxl.Backbone.Latents, ["decoded"] = sdxl.DecodeLatents(sdxl.Backbone.Latents) };
    }

    private static Dictionary<string, torch.Tensor> Align(GoldenCase golden, torch.Device device)
    {
        using var sdxl = new SdxlRuns(golden, device);
        using var detector = new GivenDetector(sdxl.Runtime, golden.Inputs["h"].to(device));
        using var aligner = sdxl.LoadAligner();

        var outputs = new Dictionary<string, torch.Tensor>(sdxl.Generate().Named("base_image", "."))
        {
            ["base_latents"] = sdxl.Backbone.Latents,
        };
        outputs["image"] = ImagingKinds.ToTensor(sdxl.Align(golden.Inputs["base_image"], detector, aligner));
        outputs["latents"] = sdxl.Backbone.Latents;
        outputs["uncond_tokens"] = sdxl.Backbone.EncodeUnconditional()!;
        outputs["z0"] = sdxl.Backbone.ImageFeatures!;
        foreach (var (index, z) in aligner.Passes.Index())
            outputs[$"z{index + 1}"] = z;
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> Postprocess(GoldenCase golden, torch.Device device) =>
        DecodedImages
            .ToImages(golden.Inputs["image"].to(device))
            .Select((image, i) => (Name: $"image.{i}", Image: image))
            .ToDictionary(pair => pair.Name, pair => ImagingKinds.ToTensor(pair.Image));
}
