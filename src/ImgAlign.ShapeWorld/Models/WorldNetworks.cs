using ImgAlign.Backbones;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Llama;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Networks.Vae;
using ImgAlign.Sampling;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Scenes;

namespace ImgAlign.ShapeWorld.Models;

/// <summary>The sizes of the world's networks: those of SDXL, LLaVA-1.5 and IMG, a few million parameters together.</summary>
internal static class WorldNetworks
{
    /// <summary>The number of image-prompt tokens, n.</summary>
    public const int ImagePromptTokens = 8;

    /// <summary>Width of text features and of image-prompt tokens, d: both text encoders side by side.</summary>
    public const int CrossWidth = 128;

    /// <summary>The autoencoder: 32x32 pixels to 8x8 latents of four channels.</summary>
    public static AutoencoderKlConfig Autoencoder { get; } =
        new()
        {
            DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D", "DownEncoderBlock2D"],
            UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D", "UpDecoderBlock2D"],
            BlockOutChannels = [8, 16, 32],
            NormNumGroups = 8,
            ScalingFactor = 1, // the latents' spread is in the weights: LatentNormalization
            ForceUpcast = false,
        };

    /// <summary>The first text encoder, which tells little more than the words: SDXL reads what enters its last block.</summary>
    public static ClipTextConfig TextEncoder { get; } =
        new()
        {
            Architectures = ["CLIPTextModel"],
            VocabSize = ClipTokenizerFiles.VocabularySize,
            MaxPositionEmbeddings = ClipTokenizerFiles.MaxLength,
            EosTokenId = ClipTokenizerFiles.EndId,
            HiddenSize = 32,
            IntermediateSize = 64,
            NumHiddenLayers = 2,
            NumAttentionHeads = 2,
            HiddenAct = "gelu",
        };

    /// <summary>The second text encoder. Which object is where follows from word order and relation together: that takes a few
    /// blocks.</summary>
    public static ClipTextConfig TextEncoder2 { get; } =
        TextEncoder with
        {
            Architectures = ["CLIPTextModelWithProjection"],
            HiddenSize = 96,
            IntermediateSize = 192,
            NumHiddenLayers = 4,
            NumAttentionHeads = 4,
            ProjectionDim = 64,
        };

    /// <summary>The image encoder, of the image prompt, of the scorer and of the detector.</summary>
    public static ClipVisionConfig ImageEncoder { get; } =
        new()
        {
            Architectures = ["CLIPVisionModelWithProjection"],
            ImageSize = SceneRenderer.Size,
            PatchSize = 8,
            HiddenSize = 96,
            IntermediateSize = 192,
            NumHiddenLayers = 4,
            NumAttentionHeads = 4,
            ProjectionDim = 64,
            HiddenAct = "gelu",
        };

    /// <summary>The denoising network, with attention to the prompts at both resolutions.</summary>
    public static SdxlUNetConfig UNet { get; } =
        new()
        {
            SampleSize = [8],
            DownBlockTypes = ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
            UpBlockTypes = ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
            BlockOutChannels = [32, 64],
            LayersPerBlock = [1],
            AttentionHeadDim = [2, 4],
            CrossAttentionDim = CrossWidth,
            UseLinearProjection = true,
            NormNumGroups = 16,
            AdditionTimeEmbedDim = 8,
            ProjectionClassEmbeddingsInputDim = 64 + 6 * 8,
        };

    /// <summary>Noise levels as SDXL's.</summary>
    public static SchedulerConfig Scheduler => SdxlBase.Scheduler;

    /// <summary>The image prompt's resampler.</summary>
    public static PerceiverConfig Resampler { get; } =
        new(ImageEncoder.HiddenSize, CrossWidth, CrossWidth, Depth: 2, Heads: 2, PerceiverConfig.ReleasedHeadWidth, 4 * CrossWidth);

    /// <summary>The detector's language model.</summary>
    public static LlamaConfig LanguageModel { get; } =
        new()
        {
            VocabSize = LlamaTokenizerFiles.PadId + 1,
            HiddenSize = 128,
            IntermediateSize = 320,
            NumHiddenLayers = 4,
            NumAttentionHeads = 4,
            MaxPositionEmbeddings = 128,
            TieWordEmbeddings = true,
        };

    /// <summary>The Implicit Aligner.</summary>
    public static PerceiverConfig Aligner { get; } =
        new(LanguageModel.HiddenSize, CrossWidth, CrossWidth, Depth: 4, Heads: 2, PerceiverConfig.ReleasedHeadWidth, 4 * CrossWidth);
}
