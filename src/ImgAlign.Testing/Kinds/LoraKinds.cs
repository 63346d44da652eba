using ImgAlign.Checkpoints;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>SDXL's UNet, or FLUX's transformer, with a LoRA.</summary>
internal static class LoraKinds
{
    public static void Add(GoldenRunner runner) =>
        runner.Add(
            "lora",
            (golden, device) =>
                Directory.Exists(Path.Combine(golden.CheckpointPath!, "transformer")) ? RunFlux(golden, device) : RunSdxl(golden, device)
        );

    private static Dictionary<string, torch.Tensor> RunSdxl(GoldenCase golden, torch.Device device)
    {
        using var weights = golden.OpenWeights();
        using var lora = LoraWeights.Open(golden.PathOption("lora")!);
        using var unet = new UNet2DConditionModel(SdxlUNetConfig.FromJson(golden.ReadConfig(), golden.Folder), torch.META);
        using var merged = SdxlLora.Merge(weights, unet, WeightMap.Identity, [(lora, golden.Options.GetProperty("scale").GetDouble())]);
        CheckpointBinder.Bind(unet, merged, WeightMap.Identity, torch.float32, device);
        return SdxlUNetKinds.Compute(golden, unet, adapter: null, device);
    }

    private static Dictionary<string, torch.Tensor> RunFlux(GoldenCase golden, torch.Device device)
    {
        using var transformer = golden.LoadTransformer(device);
        return FluxIntermediates.Run(golden, transformer, adapter: null, imageTokens: null, device);
    }
}
