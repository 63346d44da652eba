using ImgAlign.Imaging;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>Between pictures and a diffusion network's latents: the same for all backbones that have an autoencoder.</summary>
internal sealed class LatentPictures : IDisposable
{
    private readonly LatentDecoder decoder;
    private readonly LatentEncoder? encoder;
    private readonly LatentDecoder? previews;

    /// <summary>Makes the networks; their weights are read on first use. Does not fail.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="parts">What they are made of.</param>
    /// <param name="rounding">How colours become bytes.</param>
    public LatentPictures(DeviceRuntime runtime, PictureParts parts, PixelRounding rounding = PixelRounding.Nearest)
    {
        decoder = new(runtime, parts.Decoder, parts.Tiling, rounding);
        encoder = parts.Encoder is null ? null : new(runtime, parts.Encoder, parts.Tiling);
        previews = parts.Previews is null ? null : new(runtime, parts.Previews, parts.Tiling, rounding);
    }

    /// <summary>Whether there is an encoder.</summary>
    public bool Encodes => encoder is not null;

    /// <summary>The final pictures of latents <c>[B, C, h, w]</c>.</summary>
    public IReadOnlyList<RgbImage> Decode(Tensor latents, bool inTiles) => decoder.ToImages(latents, inTiles);

    /// <summary>The decoder's output for latents <c>[B, C, h, w]</c>, <c>[B, 3, H, W]</c> in about -1..1.</summary>
    public Tensor DecodeToPixels(Tensor latents) => decoder.Decode(latents, inTiles: false);

    /// <summary>What pictures look like so far: by the tiny decoder where there is one.</summary>
    /// <param name="latents"><c>[B, C, h, w]</c>.</param>
    /// <param name="inTiles">Whether memory does not suffice for whole pictures.</param>
    /// <param name="keepNetwork">Keeps the diffusion network on the device beside a tiny decoder, so that it need not come back.</param>
    public IReadOnlyList<RgbImage> Preview(Tensor latents, bool inTiles, Func<IDisposable> keepNetwork)
    {
        if (previews is null)
            return Decode(latents, inTiles);
        using var kept = keepNetwork();
        return previews.ToImages(latents, inTiles);
    }

    /// <summary>Latents of a picture, drawn with noise <c>[1, C, h, w]</c>; null where there is no encoder.</summary>
    public Tensor? Encode(RgbImage image, Tensor noise, bool inTiles) => encoder?.Encode(image, noise, inTiles);

    /// <summary>The stages of its own.</summary>
    public IEnumerable<StageFootprint> EstimateStages(Workload workload)
    {
        yield return decoder.Estimate(workload.Size, workload.InTiles);
        if (workload.EncodesPictures && encoder is not null)
            yield return encoder.Estimate(workload.Size, workload.InTiles);
    }

    /// <summary>What previews need while the diffusion network is on the device: weights, and what is computed; nothing where there are
    /// none, or where the decoder makes them.</summary>
    public (long WeightBytes, long ActivationBytes) EstimatePreviews(Workload workload) =>
        workload.HasPreviews && previews?.Estimate(workload.Size, workload.InTiles) is { } stage
            ? (stage.WeightBytes, stage.ActivationBytes)
            : (0, 0);

    /// <summary>Frees the networks.</summary>
    public void Dispose()
    {
        decoder.Dispose();
        encoder?.Dispose();
        previews?.Dispose();
    }
}
