using ImgAlign.Checkpoints;
using ImgAlign.Networks.Vae;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>Kinds about autoencoders.</summary>
internal static class VaeKinds
{
    public static void Add(GoldenRunner runner) =>
        runner.Add("vae-decode", Decode).Add("vae-encode", Encode).Add("tiny-vae-decode", DecodeTiny).Add("tiny-vae-encode", EncodeTiny);

    private static Dictionary<string, torch.Tensor> Decode(GoldenCase golden, torch.Device device)
    {
        using var network = Load(golden, device, AutoencoderParts.Decoder);
        var latents = golden.Inputs["latents"].to(device);
        return golden.RunRecording(network, "", () => new() { ["image"] = Run(golden, latents, network.Decode, isDecoder: true) });
    }

    private static Dictionary<string, torch.Tensor> Encode(GoldenCase golden, torch.Device device)
    {
        using var network = Load(golden, device, AutoencoderParts.Encoder);
        var pixels = Pixels(golden, device);
        return golden.RunRecording(
            network,
            "",
            () =>
            {
                var (mean, logVariance) = AutoencoderKl.Split(Run(golden, pixels, network.EncodeMoments, isDecoder: false));
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

    private static Dictionary<string, torch.Tensor> DecodeTiny(GoldenCase golden, torch.Device device)
    {
        var (network, config) = LoadTiny(golden, device, AutoencoderParts.Decoder);
        using (network)
            return golden.RunRecording(
                network,
                "",
                () => new() { ["image"] = network.Decode(config.ToAutoencoder(golden.Inputs["latents"].to(device))) }
            );
    }

    private static Dictionary<string, torch.Tensor> EncodeTiny(GoldenCase golden, torch.Device device)
    {
        var (network, config) = LoadTiny(golden, device, AutoencoderParts.Encoder);
        using (network)
        {
            var pixels = Pixels(golden, device);
            return golden.RunRecording(
                network,
                "",
                () => new() { ["pixels"] = pixels, ["latents"] = config.ToDiffusion(network.EncodeMoments(pixels)) }
            );
        }
    }

    private static torch.Tensor Run(GoldenCase golden, torch.Tensor x, Func<torch.Tensor, torch.Tensor> half, bool isDecoder)
    {
        if (!golden.Options.TryGetProperty("tiling", out var tiling))
            return half(x);
        var (pixels, latents) = (
            tiling.GetProperty("tile_sample_min_size").GetInt32(),
            tiling.GetProperty("tile_latent_min_size").GetInt32()
        );
        var overlap = tiling.GetProperty("overlap").GetDouble();
        return (isDecoder ? new OverlappingTiles(latents, pixels, overlap) : new OverlappingTiles(pixels, latents, overlap)).Run(x, half);
    }

    // [1, 3, H, W]
    private static torch.Tensor Pixels(GoldenCase golden, torch.Device device) =>
        golden.Inputs["image"].permute(2, 0, 1).unsqueeze(0).to(device).to(torch.float32).DividedBy(255).Times(2).Minus(1);

    private static AutoencoderKl Load(GoldenCase golden, torch.Device device, AutoencoderParts parts)
    {
        var network = new AutoencoderKl(AutoencoderKlConfig.FromJson(golden.ReadConfig(), golden.Folder), torch.META, parts);
        Bind(golden, network, device);
        return network;
    }

    // The authors' files have no configuration.
    private static (AutoencoderTiny Network, AutoencoderTinyConfig Config) LoadTiny(
        GoldenCase golden,
        torch.Device device,
        AutoencoderParts parts
    )
    {
        using var weights = golden.OpenWeights();
        var config = File.Exists(golden.CheckpointPath)
            ? AutoencoderTinyConfig.FromShapes(weights)
            : AutoencoderTinyConfig.FromJson(golden.ReadConfig(), golden.Folder);
        var network = new AutoencoderTiny(config, torch.META, parts);
        Bind(golden, network, device);
        return (network, config);
    }

    private static void Bind(GoldenCase golden, Autoencoder network, torch.Device device)
    {
        using var weights = golden.OpenWeights();
        CheckpointBinder.Bind(network, weights, network.Names(weights), torch.float32, device);
    }
}
