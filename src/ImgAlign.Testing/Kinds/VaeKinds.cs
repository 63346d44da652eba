using ImgAlign.Checkpoints;
using ImgAlign.Networks.Vae;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Kinds about the autoencoder.</summary>
internal static class VaeKinds
{
    public static void Add(GoldenRunner runner) => runner.Add("vae-decode", Decode).Add("vae-encode", Encode);

    private static Dictionary<string, torch.Tensor> Decode(GoldenCase golden, torch.Device device)
    {
        using var network = Load(golden, device, AutoencoderParts.Decoder);
        return golden.RunRecording(network, "", () => new() { ["image"] = network.Decode(golden.Inputs["latents"].to(device)) });
    }

    private static Dictionary<string, torch.Tensor> Encode(GoldenCase golden, torch.Device device)
    {
        using var network = Load(golden, device, AutoencoderParts.Encoder);
        // [1, 3, H, W]
        var pixels = golden.Inputs["image"].permute(2, 0, 1).unsqueeze(0).to(device).to(torch.float32).DividedBy(255).Times(2).Minus(1);
        return golden.RunRecording(
            network,
            "",
            () =>
            {
                var (mean, logVariance) = network.Encode(pixels);
                return new()
                {
                    ["pixels"] = pixels,
                    ["mean"] = mean,
                    ["mode"] = mean,
                    ["logvar"] = logVariance,
                    ["std"] = logVariance.Times(0.5).exp(),
                };
            }
        );
    }

    private static AutoencoderKl Load(GoldenCase golden, torch.Device device, AutoencoderParts parts)
    {
        var network = new AutoencoderKl(AutoencoderKlConfig.FromJson(golden.ReadConfig(), golden.Folder), torch.META, parts);
        using var checkpoint = golden.OpenWeights();
        CheckpointBinder.Bind(network, checkpoint, network.Names(checkpoint), torch.float32, device);
        return network;
    }
}
