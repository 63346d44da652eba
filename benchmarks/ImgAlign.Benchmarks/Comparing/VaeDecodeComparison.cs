using ImgAlign.Checkpoints;
using ImgAlign.Networks.Vae;
using TorchSharp;

namespace ImgAlign.Benchmarks.Comparing;

/// <summary>The decoder of SDXL's autoencoder.</summary>
internal sealed record VaeDecodeComparison() : Comparison("sdxl-vae-decode-512")
{
    private static readonly AutoencoderKlConfig Config = new()
    {
        BlockOutChannels = [128, 256, 512, 512],
        LayersPerBlock = 2,
        DownBlockTypes = [.. Enumerable.Repeat("DownEncoderBlock2D", 4)],
        UpBlockTypes = [.. Enumerable.Repeat("UpDecoderBlock2D", 4)],
    };

    public override IContender Create(SharedWeights weights, IReadOnlyDictionary<string, torch.Tensor> inputs)
    {
        var autoencoder = new AutoencoderKl(Config, torch.META, AutoencoderParts.Decoder);
        CheckpointBinder.Bind(autoencoder, weights, autoencoder.Names(weights));
        return new NetworkContender(autoencoder, () => autoencoder.Decode(inputs["latents"]));
    }
}
