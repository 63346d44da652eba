using ImgAlign.Checkpoints;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>SDXL's UNet, without and with an image prompt.</summary>
internal static class SdxlUNetKinds
{
    /// <summary>Adds <c>unet</c> and <c>unet-ip</c>.</summary>
    public static void Add(GoldenRunner runner) =>
        runner
            .Add("unet", (golden, device) => Run(golden, device, withImagePrompt: false))
            .Add("unet-ip", (golden, device) => Run(golden, device, withImagePrompt: true));

    private static Dictionary<string, torch.Tensor> Run(GoldenCase golden, torch.Device device, bool withImagePrompt)
    {
        using var weights = golden.OpenWeights();
        var config = SdxlUNetConfig.FromJson(golden.ReadConfig(), golden.Folder);
        using var unet = new UNet2DConditionModel(config, torch.META);
        CheckpointBinder.Bind(
            unet,
            weights,
            WeightMap.Identity.Ignoring(name => name.StartsWith("ip_adapter.", StringComparison.Ordinal)),
            torch.float32,
            device
        );
        using var adapter = withImagePrompt ? LoadAdapter(golden, config, weights, device) : null;
        return Compute(golden, unet, adapter, device);
    }

    /// <summary>Runs a UNet on the inputs of a case; also for kinds that make the UNet in another way.</summary>
    public static Dictionary<string, torch.Tensor> Compute(
        GoldenCase golden,
        UNet2DConditionModel unet,
        ImagePromptAdapter? adapter,
        torch.Device device
    )
    {
        var inputs = golden.Inputs.ToDictionary(pair => pair.Key, pair => pair.Value.to(torch.float32).to(device));
        var scale = golden.Options.TryGetProperty("ip_scale", out var value) ? value.GetDouble() : 1.0;
        return golden.RunRecording(
            unet,
            "",
            () =>
            {
                using var conditioning = unet.Prepare(
                    inputs["encoder_hidden_states"],
                    inputs["text_embeds"],
                    inputs["time_ids"],
                    adapter,
                    adapter is null ? null : inputs["ip_tokens"],
                    scale
                );
                return new() { ["sample"] = unet.call(inputs["sample"], inputs["timestep"], conditioning) };
            }
        );
    }

    private static ImagePromptAdapter LoadAdapter(GoldenCase golden, SdxlUNetConfig config, Checkpoint weights, torch.Device device)
    {
        using var file = golden.PathOption("ip_adapter") is { } path ? Checkpoint.Open(path) : null;
        var adapter = new ImagePromptAdapter(config, torch.META);
        CheckpointBinder.Bind(adapter, file ?? weights, ImagePromptAdapter.Weights, torch.float32, device);
        return adapter;
    }
}
