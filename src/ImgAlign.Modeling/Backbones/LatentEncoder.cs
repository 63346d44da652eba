using ImgAlign.Networks.Vae;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>
/// From pictures to latents that a generation starts from, by the autoencoder's encoder: the same for all backbones that have one.
/// </summary>
internal sealed class LatentEncoder : IDisposable
{
    private readonly AutoencoderKlConfig config;
    private readonly ModelSlot<AutoencoderKl> slot;

    /// <summary>Makes the network; its weights are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="source">The autoencoder; of <see cref="AutoencoderParts.Encoder"/> alone.</param>
    /// <param name="config">Its sizes.</param>
    public LatentEncoder(DeviceRuntime runtime, ModelSource<AutoencoderKl> source, AutoencoderKlConfig config)
    {
        this.config = config;
        slot = new(runtime, source, config.ForceUpcast ? float32 : null);
    }

    /// <summary>A draw from the distribution of a picture's latents.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="noise">Unit normal, <c>[1, C, h, w]</c>.</param>
    /// <returns><c>[1, C, h, w]</c>, float32, as a diffusion network takes them; the caller's.</returns>
    public Tensor Encode(RgbImage image, Tensor noise)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var lease = slot.Use();
        var levels = tensor(image.Pixels.ToArray(), [1, image.Height, image.Width, 3]).permute(0, 3, 1, 2).to(float32);
        var pixels = levels.DividedByInPlace(127.5).Minus(1); // [1, 3, H, W]
        var (mean, logVariance) = lease.Model.Encode(pixels.to(noise.device).to(slot.Type));
        var deviation = logVariance.to(float32).TimesInPlace(0.5).exp();
        return config.ToDiffusion(mean.to(float32).PlusProduct(deviation, noise)).MoveToOuterDisposeScope();
    }

    /// <summary>What it needs: its weights, and feature maps at full resolution.</summary>
    /// <param name="size">The size of a picture.</param>
    public StageFootprint Estimate(ImageSize size)
    {
        // In the first block: what enters it, its normalised copy, that in the order that the convolution wants, and the result.
        const long FeatureMaps = 4;
        var elementBytes = slot.Type == float32 ? 4 : 2;
        return new(slot.Name, slot.WeightBytes, FeatureMaps * size.Width * size.Height * config.BlockOutChannels[0] * elementBytes);
    }

    /// <summary>Frees the network.</summary>
    public void Dispose() => slot.Dispose();
}
