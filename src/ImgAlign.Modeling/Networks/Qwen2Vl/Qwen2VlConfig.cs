using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Qwen;

namespace ImgAlign.Networks.Qwen2Vl;

/// <summary>
/// The sizes of a Qwen2-VL, from the <c>config.json</c> of <c>Qwen/Qwen2-VL-7B-Instruct</c>, in the terms of Qwen2.5-VL, whose language
/// model it has: its tower sees all of an image everywhere, which is one window.
/// </summary>
public static class Qwen2VlConfig
{
    /// <summary>Reads a model's folder.</summary>
    /// <param name="folder">The folder with <c>config.json</c>.</param>
    /// <exception cref="ImgAlignException">The file is missing or broken, or an option is not supported.</exception>
    public static QwenConfig Read(string folder)
    {
        var path = Path.Combine(folder, "config.json");
        var json = ConfigFile.ReadJson(path);
        var fields = ConfigFile.Parse<Fields>(json, path);
        if (fields.ModelType != "qwen2_vl" || fields.VisionConfig.ValueKind != JsonValueKind.Object)
            throw new ImgAlignException(
                $"{path}: this is not the configuration of a Qwen2-VL (model_type qwen2_vl with a vision_config); give its own folder."
            );
        var vision = ConfigFile.Parse<Vision>(fields.VisionConfig, path);
        var text = QwenConfig.ParseText(json, path);
        if (vision.HiddenSize != text.HiddenSize)
            throw new ImgAlignException(
                $"{path}: the vision tower gives a width of {vision.HiddenSize}, but the language model takes {text.HiddenSize}."
            );
        return new QwenConfig
        {
            Text = text,
            Vision = vision.ToQwen().Checked(path),
            ImageTokenId = fields.ImageTokenId,
            StopTokens = new HashSet<int>(),
        };
    }

    private sealed record Fields
    {
        public string? ModelType { get; init; }
        public int ImageTokenId { get; init; } = 151655;
        public JsonElement VisionConfig { get; init; }
    }

    // The defaults of transformers' Qwen2VLVisionConfig.
    private sealed record Vision
    {
        public int Depth { get; init; } = 32;
        public int EmbedDim { get; init; } = 1280;
        public int HiddenSize { get; init; } = 3584;
        public double MlpRatio { get; init; } = 4;
        public int NumHeads { get; init; } = 16;
        public int InChannels { get; init; } = 3;
        public int PatchSize { get; init; } = 14;
        public int SpatialMergeSize { get; init; } = 2;
        public int TemporalPatchSize { get; init; } = 2;
        public string HiddenAct { get; init; } = "quick_gelu";

        public QwenVisionConfig ToQwen() =>
            new()
            {
                Depth = Depth,
                HiddenSize = EmbedDim,
                IntermediateSize = (int)(EmbedDim * MlpRatio),
                HiddenAct = HiddenAct,
                NumHeads = NumHeads,
                InChannels = InChannels,
                PatchSize = PatchSize,
                TemporalPatchSize = TemporalPatchSize,
                SpatialMergeSize = SpatialMergeSize,
                OutHiddenSize = HiddenSize,
                WindowSize = int.MaxValue,
            };
    }
}
