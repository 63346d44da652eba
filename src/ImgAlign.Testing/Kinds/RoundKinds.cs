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
        using var sdxl = new SdxlRuns(golden, device);
        using var llava = new LlavaDetector(sdxl.Runtime, LlavaKinds.ReadOptions(golden, golden.PathOption("mllm")!));
        using var detector = new RecordedDetector(llava);
        using var aligner = sdxl.LoadAligner();

        sdxl.Generate();
        var outputs = new Dictionary<string, torch.Tensor>
        {
            ["base_latents"] = sdxl.Backbone.Latents,
            ["uncond_tokens"] = sdxl.Backbone.EncodeUnconditional()!,
        };
        for (var round = 1; round <= golden.Options.GetProperty("rounds").GetInt32(); round++)
        {
            // Each round starts from the stored picture, so that one rounded pixel does not spread.
            var start = golden.Inputs[round == 1 ? "base_image" : $"round_image.{round - 1}"];
            var image = sdxl.Align(start, detector, aligner, golden.Options.GetProperty("question").GetString());
            outputs[$"h{round}"] = detector.HiddenStates!;
            outputs[$"z0.{round}"] = sdxl.Backbone.ImageFeatures!;
            foreach (var (index, z) in aligner.Passes.Index())
                outputs[$"z{index + 1}.{round}"] = z;
            outputs[$"latents.{round}"] = sdxl.Backbone.Latents;
            outputs[$"image.{round}"] = ImagingKinds.ToTensor(image);
        }
        return outputs;
    }
}
