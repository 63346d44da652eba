using ImgAlign.Imaging;
using ImgAlign.Networks.Vae;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>From a diffusion network's final latents to pictures, by an autoencoder's decoder.</summary>
internal sealed class LatentDecoder : IDisposable
{
    private readonly AutoencoderHalf half;
    private readonly PictureTiling tiling;
    private readonly ModelSlot<Autoencoder> slot;
    private readonly PixelRounding rounding;

    /// <summary>Makes the network; its weights are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="half">The decoder.</param>
    /// <param name="tiling">When and how it works tile by tile.</param>
    /// <param name="rounding">How colours become bytes.</param>
    public LatentDecoder(DeviceRuntime runtime, AutoencoderHalf half, PictureTiling tiling, PixelRounding rounding)
    {
        (this.half, this.tiling, this.rounding) = (half, tiling, rounding);
        slot = new(runtime, half.Source, half.Type);
    }

    /// <summary>Decodes to pictures, one by one: at 1024x1024 a single picture's activations take gigabytes.</summary>
    /// <param name="latents"><c>[B, C, h, w]</c>.</param>
    /// <param name="inTiles">Whether memory does not suffice for whole pictures.</param>
    public IReadOnlyList<RgbImage> ToImages(Tensor latents, bool inTiles) =>
        [
            .. Enumerable
                .Range(0, (int)latents.shape[0])
                .SelectMany(i =>
                {
                    using var scope = NewDisposeScope();
                    return DecodedImages.ToImages(Decode(latents.narrow(0, i, 1), inTiles), rounding);
                }),
        ];

    /// <summary>The decoder's output, <c>[B, 3, H, W]</c> in about -1..1.</summary>
    /// <param name="latents"><c>[B, C, h, w]</c>.</param>
    /// <param name="inTiles">Whether memory does not suffice for whole pictures.</param>
    public Tensor Decode(Tensor latents, bool inTiles)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var lease = slot.Use();
        var pixels = tiling.Decode(half.Config.ToAutoencoder(latents.to(float32)).to(slot.Type), lease.Model, inTiles);
        FiniteNumbers.Require(pixels, "The decoded picture's pixels", slot);
        return pixels.MoveToOuterDisposeScope();
    }

    /// <summary>What it needs: its weights, and feature maps at full resolution.</summary>
    /// <param name="size">The size of a picture.</param>
    /// <param name="inTiles">Whether memory does not suffice for whole pictures.</param>
    public StageFootprint Estimate(ImageSize size, bool inTiles)
    {
        // Where the last block begins: what enters it, its normalised copy, that in the order that the convolution wants, and the result,
        // of half as many channels; the other half for what the convolution needs.
        const long FeatureMaps = 4;
        var bytesPerPixel = FeatureMaps * half.Config.DecoderChannels * slot.ElementBytes;
        return new(slot.Name, slot.WeightBytes, tiling.EstimateBytes(size, bytesPerPixel, slot.ElementBytes, inTiles));
    }

    /// <summary>Frees the network.</summary>
    public void Dispose() => slot.Dispose();
}
