using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Clip;

/// <summary>
/// Sizes of a CLIP of OpenCLIP, as <c>open_clip_config.json</c> has them. A field of a tower that is not here changes what it computes, and
/// is refused.
/// </summary>
public sealed record OpenClipConfig
{
    private const string FileName = "open_clip_config.json";

    public int EmbedDim { get; init; }
    public bool QuickGelu { get; init; }
    public VisionTower VisionCfg { get; init; } = new();
    public TextTower TextCfg { get; init; } = new();

    /// <summary>ViT-H-14, whose sizes OpenCLIP knows by its name: HPSv2's file comes without a configuration.</summary>
    public static OpenClipConfig VitH14 { get; } =
        new()
        {
            EmbedDim = 1024,
            VisionCfg = new()
            {
                ImageSize = 224,
                Layers = 32,
                Width = 1280,
                HeadWidth = 80,
                PatchSize = 14,
            },
            TextCfg = new()
            {
                ContextLength = 77,
                VocabSize = 49408,
                Width = 1024,
                Heads = 16,
                Layers = 24,
            },
        };

    private string Source { get; init; } = "ViT-H-14";

    /// <summary>Reads a folder's configuration; without one, <see cref="VitH14"/>.</summary>
    /// <exception cref="ImgAlignException">The file is broken, or has a field that is not known here.</exception>
    public static OpenClipConfig ReadOrDefault(string folder)
    {
        var path = Path.Combine(folder, FileName);
        return File.Exists(path) ? FromJson(ConfigFile.ReadJson(path), path) : VitH14;
    }

    /// <summary>Reads a configuration, or a file that holds it as its <c>model_cfg</c>.</summary>
    /// <param name="json">The object with the fields.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="ImgAlignException">A field is broken or not known here.</exception>
    public static OpenClipConfig FromJson(JsonElement json, string source) =>
        ConfigFile.Parse<OpenClipConfig>(json.TryGetProperty("model_cfg", out var own) ? own : json, source) with
        {
            Source = source,
        };

    /// <summary>The image encoder's sizes.</summary>
    /// <exception cref="ImgAlignException">They are impossible.</exception>
    public ClipVisionConfig ToVision()
    {
        var tower = VisionCfg;
        if (tower.HeadWidth < 1 || tower.Width % tower.HeadWidth != 0)
            throw new ImgAlignException($"{Source}: width {tower.Width} of vision_cfg is not a multiple of head_width {tower.HeadWidth}.");
        return new ClipVisionConfig
        {
            HiddenSize = tower.Width,
            IntermediateSize = (int)(tower.Width * tower.MlpRatio),
            NumHiddenLayers = tower.Layers,
            NumAttentionHeads = tower.Width / tower.HeadWidth,
            ImageSize = tower.ImageSize,
            PatchSize = tower.PatchSize,
            ProjectionDim = EmbedDim,
            HiddenAct = Activation,
            Architectures = ClipTowerConfig.WholeModel,
        }.Checked(Source);
    }

    /// <summary>The text encoder's sizes.</summary>
    /// <exception cref="ImgAlignException">They are impossible.</exception>
    public ClipTextConfig ToText() =>
        new ClipTextConfig
        {
            HiddenSize = TextCfg.Width,
            IntermediateSize = (int)(TextCfg.Width * TextCfg.MlpRatio),
            NumHiddenLayers = TextCfg.Layers,
            NumAttentionHeads = TextCfg.Heads,
            VocabSize = TextCfg.VocabSize,
            MaxPositionEmbeddings = TextCfg.ContextLength,
            EosTokenId = ClipTextConfig.LargestId,
            ProjectionDim = EmbedDim,
            HiddenAct = Activation,
            Architectures = ClipTowerConfig.WholeModel,
        }.Checked(Source);

    private string Activation => QuickGelu ? "quick_gelu" : "gelu";

    /// <summary>The image encoder, with OpenCLIP's defaults.</summary>
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record VisionTower
    {
        public int ImageSize { get; init; } = 224;
        public int Layers { get; init; } = 12;
        public int Width { get; init; } = 768;
        public int HeadWidth { get; init; } = 64;
        public int PatchSize { get; init; } = 16;
        public double MlpRatio { get; init; } = 4;
    }

    /// <summary>The text encoder, with OpenCLIP's defaults.</summary>
    [JsonUnmappedMemberHandling(JsonUnmappedMemberHandling.Disallow)]
    public sealed record TextTower
    {
        public int ContextLength { get; init; } = 77;
        public int VocabSize { get; init; } = 49408;
        public int Width { get; init; } = 512;
        public int Heads { get; init; } = 8;
        public int Layers { get; init; } = 12;
        public double MlpRatio { get; init; } = 4;
    }
}
