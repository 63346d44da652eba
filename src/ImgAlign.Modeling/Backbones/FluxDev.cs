using ImgAlign.Networks.Vae;

namespace ImgAlign.Backbones;

/// <summary>Published configurations of <c>black-forest-labs/FLUX.1-dev</c>, for the authors' files, which hold none.</summary>
public static class FluxDev
{
    public static AutoencoderKlConfig Autoencoder { get; } =
        new()
        {
            DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
            UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
            BlockOutChannels = [128, 256, 512, 512],
            LayersPerBlock = 2,
            LatentChannels = 16,
            ScalingFactor = 0.3611,
            ShiftFactor = 0.1159,
            UseQuantConv = false,
            UsePostQuantConv = false,
        };
}
