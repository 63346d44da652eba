using System.Globalization;
using ImgAlign.Networks.Vae;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>Whether an autoencoder works tile by tile, and in which tiles.</summary>
internal sealed class PictureTiling
{
    private const int LatentMultiple = 4; // a quarter of a tile overlaps the next one

    private readonly VaeTiling policy;
    private readonly int tile;
    private readonly OverlappingTiles decoding;
    private readonly OverlappingTiles encoding;

    /// <summary>Sets the sizes.</summary>
    /// <exception cref="ImgAlignException">The size of a tile does not fit the latents.</exception>
    public PictureTiling(DiffusionOptions options, AutoencoderConfig config)
    {
        (policy, tile) = (options.VaeTiling, options.VaeTileSize);
        var multiple = LatentMultiple * config.PixelsPerLatent;
        if (tile < multiple || tile % multiple != 0)
            throw new ImgAlignException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{nameof(DiffusionOptions.VaeTileSize)} is {tile}; use a multiple of {multiple} pixels."
                )
            );
        var latents = tile / config.PixelsPerLatent;
        (decoding, encoding) = (new(latents, tile), new(tile, latents));
    }

    /// <summary>Runs a decoder.</summary>
    /// <param name="latents"><c>[B, C, h, w]</c>.</param>
    /// <param name="network">The autoencoder.</param>
    /// <param name="isNeeded">Whether memory does not suffice for the whole.</param>
    public Tensor Decode(Tensor latents, Autoencoder network, bool isNeeded) =>
        Applies(isNeeded) ? decoding.Run(latents, network.Decode) : network.Decode(latents);

    /// <summary>Runs an encoder.</summary>
    /// <param name="pictures"><c>[B, 3, H, W]</c>.</param>
    /// <param name="network">The autoencoder.</param>
    /// <param name="isNeeded">Whether memory does not suffice for the whole.</param>
    public Tensor Encode(Tensor pictures, Autoencoder network, bool isNeeded) =>
        Applies(isNeeded) ? encoding.Run(pictures, network.EncodeMoments) : network.EncodeMoments(pictures);

    /// <summary>What it needs to compute: feature maps of the picture's resolution, and the joined tiles.</summary>
    /// <param name="size">The size of a picture.</param>
    /// <param name="bytesPerPixel">The feature maps' bytes of a pixel.</param>
    /// <param name="elementBytes">Bytes of a number.</param>
    /// <param name="isNeeded">Whether memory does not suffice for the whole.</param>
    public long EstimateBytes(ImageSize size, long bytesPerPixel, int elementBytes, bool isNeeded)
    {
        const int Colours = 3,
            Copies = 3; // tiles, rows and picture
        var pixels = (long)size.Width * size.Height;
        if (!Applies(isNeeded) || (size.Width <= tile && size.Height <= tile))
            return pixels * bytesPerPixel;
        return (long)Math.Min(size.Width, tile) * Math.Min(size.Height, tile) * bytesPerPixel + Copies * Colours * pixels * elementBytes;
    }

    private bool Applies(bool isNeeded) =>
        policy switch
        {
            VaeTiling.Always => true,
            VaeTiling.Never => false,
            _ => isNeeded,
        };
}
