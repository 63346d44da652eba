using ImgAlign.Networks.Sdxl;

namespace ImgAlign.Benchmarks;

/// <summary>Published sizes of networks whose configuration files are not at hand.</summary>
internal static class FullSize
{
    /// <summary>SDXL base's UNet: 2,567,463,684 parameters.</summary>
    public static SdxlUNetConfig UNet { get; } = new()
    {
        DownBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
        UpBlockTypes = ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
        BlockOutChannels = [320, 640, 1280],
        TransformerLayersPerBlock = [[1], [2], [10]],
        AttentionHeadDim = [5, 10, 20],
        CrossAttentionDim = 2048,
        UseLinearProjection = true,
    };
}
