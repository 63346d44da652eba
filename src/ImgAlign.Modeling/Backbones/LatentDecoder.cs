using ImgAlign.Imaging;
using ImgAlign.Networks.Vae;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>From a diffusion network's final latents to pictures, by the autoencoder's decoder: the same for all backbones that have
/// one.</summary>
internal sealed class LatentDecoder : IDisposable
{
    private readonly AutoencoderKlConfig config;
    private readonly ModelSlot<AutoencoderKl> slot;
    private readonly PixelRounding rounding;

    /// <summary>Makes the network; its weights are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="source">The autoencoder; of <see cref="AutoencoderParts.Decoder"/> alone.</param>
    /// <param name="config">Its sizes.</param>
    /// <param name="rounding">How colours become bytes.</param>
    public LatentDecoder(
        DeviceRuntime runtime,
        ModelSource<AutoencoderKl> source,
        AutoencoderKlConfig config,
        PixelRounding rounding = PixelRounding.Nearest
    )
    {
        (this.config, this.rounding) = (config, rounding);
        slot = new(runtime, source, config.ForceUpcast ? float32 : null);
    }

    /// <summary>Decodes to pictures, one by one: at 1024x1024 a single picture's activations take gigabytes.</summary>
    /// <param name="latents"><c>[B, C, h, w]</c>.</param>
    public IReadOnlyList<RgbImage> ToImages(Tensor latents) =>
        [
            .. Enumerable
                .Range(0, (int)latents.shape[0])
                .SelectMany(i =>
                {
                    using var scope = NewDisposeScope();
                    return DecodedImages.ToImages(Decode(latents.narrow(0, i, 1)), rounding);
                }),
        ];

    /// <summary>The decoder's output, <c>[B, 3, H, W]</c> in about -1..1.</summary>
    /// <param name="latents"><c>[B, C, h, w]</c>.</param>
    public Tensor Decode(Tensor latents)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var lease = slot.Use();
        var pixels = lease.Model.Decode(config.ToAutoencoder(latents.to(float32)).to(slot.Type));
        FiniteNumbers.Require(pixels, "The decoded picture's pixels", slot);
        return pixels.MoveToOuterDisposeScope();
    }

    /// <summary>What it needs: its weights, and feature maps at full resolution.</summary>
    /// <param name="size">The size of a picture.</param>
    public StageFootprint Estimate(ImageSize size)
    {
        // Where the last block begins: what enters it, its normalised copy, that in the order that the convolution wants, and the result,
        // of half as many channels; the other half for what the convolution needs.
        const long FeatureMaps = 4;
        var channels = config.BlockOutChannels[Math.Min(1, config.BlockOutChannels.Count - 1)];
        return new(slot.Name, slot.WeightBytes, FeatureMaps * size.Width * size.Height * channels * (slot.Type == float32 ? 4 : 2));
    }

    /// <summary>Frees the network.</summary>
    public void Dispose() => slot.Dispose();
}
