using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Networks.Flux;
using ImgAlign.Networks.Vae;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Testing.Kinds;

/// <summary>FLUX's networks, and what is between them.</summary>
internal static class FluxKinds
{
    public static void Add(GoldenRunner runner) =>
        runner
            .Add("flux-transformer", Transform)
            .Add("flux-transformer-ip", TransformWithImagePrompt)
            .Add("ip-projector", ProjectImage)
            .Add("flux-pack", Pack)
            .Add("flux-vae-encode", Encode)
            .Add("flux-vae-decode", Decode)
            .Add("flux-to-image", ToImage);

    private static Dictionary<string, torch.Tensor> Transform(GoldenCase golden, torch.Device device)
    {
        using var transformer = golden.LoadTransformer(device);
        return FluxIntermediates.Run(golden, transformer, adapter: null, imageTokens: null, device);
    }

    private static Dictionary<string, torch.Tensor> TransformWithImagePrompt(GoldenCase golden, torch.Device device)
    {
        using var transformer = golden.LoadTransformer(device);
        using var weights = golden.RuleWeights() ?? OpenAdapter(golden);
        var tokens = (golden.Inputs.TryGetValue("image_proj", out var given) ? given : Project(golden, weights, device)).to(device);
        using var adapter = new FluxImagePromptAdapter(transformer.Config, tokens.shape[2], torch.META);
        CheckpointBinder.Bind(adapter, weights, FluxImagePromptAdapter.Weights, torch.float32, device);
        var outputs = FluxIntermediates.Run(golden, transformer, adapter, tokens, device);
        outputs["image_proj"] = tokens;
        return outputs;
    }

    private static Dictionary<string, torch.Tensor> ProjectImage(GoldenCase golden, torch.Device device)
    {
        using var weights = golden.RuleWeights() ?? Checkpoint.Open(FluxCases.Part(golden.CheckpointPath!, "ip_adapter.safetensors"));
        return new() { ["image_proj"] = Project(golden, weights, device) };
    }

    private static Dictionary<string, torch.Tensor> Pack(GoldenCase golden, torch.Device device)
    {
        var latents = golden.Inputs["latents"].to(device);
        var (height, width) = (latents.shape[2], latents.shape[3]);
        var packed = LatentPatches.Pack(latents);
        var ids = LatentPatches.Ids(height, width, device);
        return new()
        {
            ["packed"] = packed,
            ["img_ids"] = golden.IsXFlux() ? ids.expand(latents.shape[0], -1, -1) : ids,
            ["unpacked"] = LatentPatches.Unpack(packed, height, width),
        };
    }

    private static Dictionary<string, torch.Tensor> Encode(GoldenCase golden, torch.Device device)
    {
        using var network = golden.LoadAutoencoder(AutoencoderParts.Encoder, device);
        return golden.RunRecording(
            network,
            "",
            () =>
            {
                var (mean, logVariance) = network.Encode(golden.Inputs["image"].to(device));
                var outputs = new Dictionary<string, torch.Tensor>
                {
                    ["mean"] = mean,
                    ["logvar"] = logVariance,
                    ["latents_mode"] = network.Config.ToDiffusion(mean),
                };
                if (golden.Inputs.TryGetValue("noise", out var noise))
                    outputs["latents_sample"] = network.Config.ToDiffusion(mean.Plus(logVariance.Times(0.5).exp() * noise.to(device)));
                return outputs;
            }
        );
    }

    private static Dictionary<string, torch.Tensor> Decode(GoldenCase golden, torch.Device device)
    {
        using var network = golden.LoadAutoencoder(AutoencoderParts.Decoder, device);
        using var recorder = new ModuleRecorder(network, golden.Outputs.Keys.Select(PathOf));
        var outputs = new Dictionary<string, torch.Tensor>
        {
            ["image"] = network.Decode(network.Config.ToAutoencoder(golden.Inputs["latents"].to(device))),
        };
        foreach (var name in golden.Outputs.Keys)
        {
            if (recorder.Recorded.TryGetValue(PathOf(name), out var value))
                outputs.TryAdd(name, value);
        }
        return outputs;

        // The authors' paths.
        string PathOf(string output) =>
            string.Join(
                '.',
                output.Split('.') switch
                {
                    [var side, "mid", "attn_1"] => [side, "mid_block", "attentions", "0"],
                    [var side, "mid", "block_1"] => [side, "mid_block", "resnets", "0"],
                    [var side, "mid", "block_2"] => [side, "mid_block", "resnets", "1"],
                    [var side, "mid"] => [side, "mid_block"],
                    [var side, "norm_out"] => [side, "conv_norm_out"],
                    var same => same,
                }
            );
    }

    private static Dictionary<string, torch.Tensor> ToImage(GoldenCase golden, torch.Device device)
    {
        var images = DecodedImages.ToImages(
            golden.Inputs["decoded"].to(device),
            golden.IsXFlux() ? PixelRounding.Down : PixelRounding.Nearest
        );
        return new() { ["image"] = ImagingKinds.ToTensor(images[0]) };
    }

    private static Checkpoint OpenAdapter(GoldenCase golden) =>
        Checkpoint.Open(FluxCases.Part(golden.ImagePromptFolder(), "ip_adapter.safetensors"));

    private static torch.Tensor Project(GoldenCase golden, Checkpoint weights, torch.Device device)
    {
        using var network = FluxImageProjection.FromShapes(weights);
        CheckpointBinder.Bind(network, weights, FluxImageProjection.Weights, torch.float32, device);
        return network.call(golden.Inputs["image_embeds"].to(device));
    }
}
