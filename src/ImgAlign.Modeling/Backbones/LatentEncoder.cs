using ImgAlign.Networks.Vae;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>From pictures to latents that a generation starts from, by an autoencoder's encoder.</summary>
internal sealed class LatentEncoder : IDisposable
{
    private readonly AutoencoderHalf half;
    private readonly PictureTiling tiling;
    private readonly ModelSlot<Autoencoder> slot;

    /// <summary>Makes the network; its weights are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="half">The encoder.</param>
    /// <param name="tiling">When and how it works tile by tile.</param>
    public LatentEncoder(DeviceRuntime runtime, AutoencoderHalf half, PictureTiling tiling)
    {
        (this.half, this.tiling) = (half, tiling);
        slot = new(runtime, half.Source, half.Type);
    }

    /// <summary>A draw from the distribution of a picture's latents.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="noise">Unit normal, <c>[1, C, h, w]</c>.</param>
    /// <param name="inTiles">Whether memory does not suffice for whole pictures.</param>
    /// <returns><c>[1, C, h, w]</c>, float32, as a diffusion network takes them; disposed by the caller.</returns>
    public Tensor Encode(RgbImage image, Tensor noise, bool inTiles)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var lease = slot.Use();
        var levels = tensor(image.Pixels.ToArray(), [1, image.Height, image.Width, 3]).permute(0, 3, 1, 2).to(float32);
        var pixels = levels.DividedByInPlace(127.5).Minus(1); // [1, 3, H, W]
        var moments = tiling.Encode(pixels.to(noise.device).to(slot.Type), lease.Model, inTiles);
        return half.Config.DrawLatents(moments, noise).MoveToOuterDisposeScope();
    }

    /// <summary>What it needs: its weights, and feature maps at full resolution.</summary>
    /// <param name="size">The size of a picture.</param>
    /// <param name="inTiles">Whether memory does not suffice for whole pictures.</param>
    public StageFootprint Estimate(ImageSize size, bool inTiles)
    {
        // In the first block: what enters it, its normalised copy, that in the order that the convolution wants, and the result.
        const long FeatureMaps = 4;
        var bytesPerPixel = FeatureMaps * half.Config.EncoderChannels * slot.ElementBytes;
        return new(slot.Name, slot.WeightBytes, tiling.EstimateBytes(size, bytesPerPixel, slot.ElementBytes, inTiles));
    }

    /// <summary>Frees the network.</summary>
    public void Dispose() => slot.Dispose();
}
