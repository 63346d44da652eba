using ImgAlign.Detectors;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Golden family <c>round</c>: whole rounds of IMG with the detector in the loop.</summary>
internal static class RoundKinds
{
    public static void Add(GoldenRunner runner) => runner.Add("round-sdxl", Run);

    private static Dictionary<string, torch.Tensor> Run(GoldenCase golden, torch.Device device)
    {
        var options = golden.Options;
        using var sdxl = new SdxlGeneration(golden, device);
        using var detector = new LlavaDetector(sdxl.Runtime, LlavaKinds.ReadOptions(golden, golden.PathOption("mllm")!));
        using var aligner = SdxlPipelineKinds.LoadAligner(golden, sdxl);
        var question = options.GetProperty("question").GetString()!.Replace("{prompt}", options.GetProperty("prompt").GetString(), StringComparison.Ordinal);
        var passes = options.GetProperty("aligner_passes").GetInt32();
        var scale = options.GetProperty("ip_scale").GetDouble();

        var noImage = sdxl.Backbone.ImagePrompt.EncodeUnconditional();
        var outputs = new Dictionary<string, torch.Tensor> { ["base_latents"] = sdxl.Generate(), ["uncond_tokens"] = noImage };
        for (var round = 1; round <= options.GetProperty("rounds").GetInt32(); round++)
        {
            // Each round starts from the stored picture, so that one rounded pixel does not spread.
            var image = ImagingKinds.ToImage(golden.Inputs[round == 1 ? "base_image" : $"round_image.{round - 1}"]);
            var h = outputs[$"h{round}"] = detector.Detect(image, question).HiddenStates;
            var z0 = outputs[$"z0.{round}"] = sdxl.Backbone.ImagePrompt.Encode([image]);
            var z = outputs[$"z{passes}.{round}"] = aligner.Align(h, z0, passes);
            var latents = outputs[$"latents.{round}"] = sdxl.Generate(z, noImage, scale);
            foreach (var (name, value) in sdxl.Decode($"image.{round}", latents)) outputs[name] = value;
        }
        return outputs;
    }
}
