using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Layers;
using ImgAlign.Networks.Llama;

namespace ImgAlign.Networks.Llava;

/// <summary>
/// The sizes of a LLaVA-1.5, from the <c>config.json</c> of either published layout: transformers' (<c>llava-hf/llava-1.5-13b-hf</c>) or
/// the authors' (<c>liuhaotian/llava-v1.5-13b</c>), which leaves the vision tower's sizes to the tower's own folder.
/// </summary>
public sealed record LlavaConfig
{
    /// <summary>The language model.</summary>
    public required LlamaConfig Text { get; init; }

    /// <summary>The vision tower, all of its blocks.</summary>
    public required ClipVisionConfig Vision { get; init; }

    /// <summary>Which of the tower's hidden states are the image's features, counted from the end: -2 is what enters the last
    /// block.</summary>
    public int VisionFeatureLayer { get; init; } = -2;

    /// <summary>Whether the class token is one of the image's tokens.</summary>
    public bool KeepsClassToken { get; init; }

    /// <summary>The activation between the projector's two layers.</summary>
    public string ProjectorActivation { get; init; } = "gelu";

    /// <summary>Whether the projector's layers have biases.</summary>
    public bool ProjectorBias { get; init; } = true;

    /// <summary>The token that stands for one image position in sequences where every position is counted.</summary>
    public required int ImageTokenIndex { get; init; }

    /// <summary>The tokens that end an answer.</summary>
    public required IReadOnlySet<int> StopTokens { get; init; }

    /// <summary>How the published model wants images made square: <c>pad</c>, or null where the configuration does not say.</summary>
    public string? ImageAspectRatio { get; init; }

    /// <summary>The number of the tower's blocks that are needed.</summary>
    public int VisionBlocks => Vision.NumHiddenLayers + 1 + VisionFeatureLayer;

    /// <summary>The number of positions that an image takes, P.</summary>
    public int ImageTokens => Vision.Patches + (KeepsClassToken ? 1 : 0);

    /// <summary>Reads a model's folder.</summary>
    /// <param name="folder">The folder with <c>config.json</c> and, if there is one, <c>generation_config.json</c>; one of the hub's cache
    /// is resolved.</param>
    /// <param name="visionTower"> The vision tower's folder, for the authors' layout; null where the configuration describes the tower, or
    /// names the published one.
    /// </param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or an option is not supported.</exception>
    public static LlavaConfig Read(string folder, string? visionTower = null)
    {
        folder = ModelFolder.Resolve(folder);
        var path = Path.Combine(folder, "config.json");
        var json = ConfigFile.ReadJson(path);
        return FromJson(json, path, visionTower) with
        {
            StopTokens = GenerationConfig.ReadStopTokens(folder, json) ?? new HashSet<int> { 2 },
        };
    }

    /// <summary>Reads a configuration that is already open; stop tokens are left to <see cref="Read"/>.</summary>
    public static LlavaConfig FromJson(JsonElement json, string path, string? visionTower = null)
    {
        var config = json.TryGetProperty("text_config", out var text)
            ? FromTransformers(json, text, path)
            : FromAuthors(json, path, visionTower);
        config.Check(path);
        return config;
    }

    private static LlavaConfig FromTransformers(JsonElement json, JsonElement text, string path)
    {
        var fields = ConfigFile.Parse<TransformersFields>(json, path);
        Require(path, "text_config.model_type", ModelType(text), null, "llama");
        if (!json.TryGetProperty("vision_config", out var vision))
            throw new ImgAlignException($"{path}: vision_config is missing; is this a LLaVA?");
        Require(path, "vision_config.model_type", ModelType(vision), null, "clip_vision_model");
        Require(path, "vision_feature_select_strategy", fields.VisionFeatureSelectStrategy, "default", "full");
        return new LlavaConfig
        {
            Text = LlamaConfig.FromJson(text, path) with { TieWordEmbeddings = fields.TieWordEmbeddings },
            Vision = ClipVisionConfig.FromJson(vision, path),
            VisionFeatureLayer = fields.VisionFeatureLayer,
            KeepsClassToken = fields.VisionFeatureSelectStrategy == "full",
            ProjectorActivation = fields.ProjectorHiddenAct,
            ProjectorBias = fields.MultimodalProjectorBias,
            ImageTokenIndex = fields.ImageTokenId ?? fields.ImageTokenIndex,
            StopTokens = new HashSet<int>(),
        };
    }

    private static LlavaConfig FromAuthors(JsonElement json, string path, string? visionTower)
    {
        var fields = ConfigFile.Parse<AuthorsFields>(json, path);
        Require(path, "mm_projector_type", fields.MmProjectorType, "mlp2x_gelu");
        Require(path, "mm_vision_select_feature", fields.MmVisionSelectFeature, "patch", "cls_patch");
        if (fields.MmUseImStartEnd)
            throw new ImgAlignException($"{path}: mm_use_im_start_end is not supported; LLaVA-1.5 puts nothing around an image.");
        var text = LlamaConfig.FromJson(json, path);
        return new LlavaConfig
        {
            Text = text,
            Vision = visionTower is not null
                ? ClipVisionConfig.Read(Path.Combine(ModelFolder.Resolve(visionTower), "config.json"))
                : PublishedTower(fields.MmVisionTower, path),
            VisionFeatureLayer = fields.MmVisionSelectLayer,
            KeepsClassToken = fields.MmVisionSelectFeature == "cls_patch",
            ImageTokenIndex = text.VocabSize, // as transformers' layout numbers it; the embedding has no such row, and needs none
            StopTokens = new HashSet<int>(),
            ImageAspectRatio = fields.ImageAspectRatio,
        };
    }

    // Fine-tuned folders hold the tower's weights but not its sizes.
    private static ClipVisionConfig PublishedTower(string? name, string path) =>
        name?.Split('/')[^1] switch
        {
            "clip-vit-large-patch14-336" => LargeTower with { ImageSize = 336 },
            "clip-vit-large-patch14" => LargeTower,
            _ => throw new ImgAlignException(
                $"{path}: the vision tower '{name}' is in a folder of its own; give that folder as the vision tower's path."
            ),
        };

    private static readonly ClipVisionConfig LargeTower = new()
    {
        HiddenSize = 1024,
        IntermediateSize = 4096,
        NumHiddenLayers = 24,
        NumAttentionHeads = 16,
        ProjectionDim = 768,
        PatchSize = 14,
    };

    private void Check(string path)
    {
        if (VisionFeatureLayer >= 0 || VisionBlocks < 1)
            throw new ImgAlignException(
                $"{path}: vision feature layer {VisionFeatureLayer} must be from -{Vision.NumHiddenLayers} to -1, counted from "
                    + "the tower's end."
            );
        _ = Activation.ByName(ProjectorActivation);
    }

    private static string? ModelType(JsonElement json) => json.TryGetProperty("model_type", out var type) ? type.GetString() : null;

    private static void Require(string path, string field, string? value, params string?[] supported)
    {
        if (!supported.Contains(value))
            throw new ImgAlignException(
                $"{path}: {field} '{value}' is not supported; LLaVA-1.5 has "
                    + $"{string.Join(" or ", supported.Where(name => name is not null))}."
            );
    }

    private sealed record TransformersFields
    {
        public int ImageTokenIndex { get; init; } = 32000;
        public int? ImageTokenId { get; init; }
        public bool MultimodalProjectorBias { get; init; } = true;
        public string ProjectorHiddenAct { get; init; } = "gelu";
        public bool TieWordEmbeddings { get; init; }
        public int VisionFeatureLayer { get; init; } = -2;
        public string VisionFeatureSelectStrategy { get; init; } = "default";
    }

    private sealed record AuthorsFields
    {
        public string? ImageAspectRatio { get; init; }
        public string? MmProjectorType { get; init; }
        public bool MmUseImStartEnd { get; init; }
        public string MmVisionSelectFeature { get; init; } = "patch";
        public int MmVisionSelectLayer { get; init; } = -2;
        public string? MmVisionTower { get; init; }
    }
}
