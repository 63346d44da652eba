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
    private readonly string family;
    private readonly Func<IDisposable> keepNetwork;
    private readonly IResident?[] networks;

    /// <summary>Makes the networks; their weights are read on first use. Does not fail.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="parts">What they are made of.</param>
    /// <param name="rounding">How colours become bytes.</param>
    /// <param name="keepNetwork">Keeps the diffusion network on the device beside a tiny decoder, so that it need not come back.</param>
    /// <param name="networks">The networks that latents come from, for what is wrong with their weights; null where one is absent.</param>
    public LatentPictures(
        DeviceRuntime runtime,
        LatentPictureParts parts,
        PixelRounding rounding,
        Func<IDisposable> keepNetwork,
        params IResident?[] networks
    )
    {
        (family, this.keepNetwork, this.networks) = (parts.Family, keepNetwork, networks);
        decoder = new(runtime, parts.Decoder, parts.Tiling, rounding);
        encoder = parts.Encoder is null ? null : new(runtime, parts.Encoder, parts.Tiling);
        previews = parts.Previews is null ? null : new(runtime, parts.Previews, parts.Tiling, rounding);
    }

    /// <summary>Whether there is an encoder.</summary>
    public bool Encodes => encoder is not null;

    /// <summary>The final pictures.</summary>
    /// <param name="latents"><c>[B, C, h, w]</c>.</param>
    /// <param name="inTiles">Whether memory does not suffice for whole pictures.</param>
    /// <exception cref="ImgAlignException">The latents are not finite; the message names the weights at fault, if they are.</exception>
    public IReadOnlyList<RgbImage> Decode(Tensor latents, bool inTiles)
    {
        FiniteNumbers.Require(latents, "The latents", networks);
        return decoder.ToImages(latents, inTiles);
    }

    /// <summary>The decoder's output for latents <c>[B, C, h, w]</c>, <c>[B, 3, H, W]</c> in about -1..1.</summary>
    public Tensor DecodeToPixels(Tensor latents) => decoder.Decode(latents, inTiles: false);

    /// <summary>What pictures look like so far: by the tiny decoder where there is one.</summary>
    /// <param name="latents"><c>[B, C, h, w]</c>.</param>
    /// <param name="inTiles">Whether memory does not suffice for whole pictures.</param>
    /// <exception cref="ImgAlignException">As for <see cref="Decode"/>.</exception>
    public IReadOnlyList<RgbImage> Preview(Tensor latents, bool inTiles)
    {
        if (previews is null)
            return Decode(latents, inTiles);
        FiniteNumbers.Require(latents, "The latents", networks);
        using var kept = keepNetwork();
        return previews.ToImages(latents, inTiles);
    }

    /// <summary>Latents of a picture, drawn with noise <c>[1, C, h, w]</c>.</summary>
    /// <exception cref="NotSupportedException">There is no encoder.</exception>
    public Tensor Encode(RgbImage image, Tensor noise, bool inTiles) =>
        encoder?.Encode(image, noise, inTiles)
        ?? throw new NotSupportedException(
            $"This {family}'s VAE has no encoder; set {nameof(DiffusionOptions.VaePath)} to one that has it."
        );

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
