using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Networks.Vae;
using ImgAlign.Sampling;

namespace ImgAlign.Backbones;

/// <summary>The published configurations of <c>stabilityai/stable-diffusion-xl-base-1.0</c>, for single files, which hold none, and for
/// benchmarks.</summary>
public static class SdxlBase
{
    public static ClipTextConfig TextEncoder { get; } =
        new()
        {
            HiddenSize = 768,
            IntermediateSize = 3072,
            NumHiddenLayers = 12,
            NumAttentionHeads = 12,
            ProjectionDim = 768,
            EosTokenId = 2,
            Architectures = ["CLIPTextModel"],
        };

    public static ClipTextConfig TextEncoder2 { get; } =
        new()
        {
            HiddenSize = 1280,
            IntermediateSize = 5120,
            NumHiddenLayers = 32,
            NumAttentionHeads = 20,
            ProjectionDim = 1280,
            HiddenAct = "gelu",
            EosTokenId = 2,
            Architectures = ["CLIPTextModelWithProjection"],
        };

    public static SdxlUNetConfig UNet { get; } =
        new()
        {
            SampleSize = [128],
            DownBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
            UpBlockTypes = ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
            BlockOutChannels = [320, 640, 1280],
            TransformerLayersPerBlock =
            [
                [1],
                [2],
                [10],
            ],
            AttentionHeadDim = [5, 10, 20],
            CrossAttentionDim = 2048,
            UseLinearProjection = true,
        };

    public static AutoencoderKlConfig Autoencoder { get; } =
        new()
        {
            DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
            UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
            BlockOutChannels = [128, 256, 512, 512],
            LayersPerBlock = 2,
            ScalingFactor = 0.13025,
        };

    public static SchedulerConfig Scheduler { get; } =
        new()
        {
            BetaStart = 0.00085,
            BetaEnd = 0.012,
            BetaSchedule = "scaled_linear",
            TimestepSpacing = "leading",
            StepsOffset = 1,
        };
}
