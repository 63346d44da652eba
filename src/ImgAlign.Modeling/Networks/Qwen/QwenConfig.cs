using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Llama;

namespace ImgAlign.Networks.Qwen;

/// <summary>
/// The sizes of a Qwen2.5-VL, from the <c>config.json</c> of <c>Qwen/Qwen2.5-VL-7B-Instruct</c>, or as transformers writes it since version
/// 4.52, with a <c>text_config</c>.
/// </summary>
public record QwenConfig
{
    /// <summary>The language model.</summary>
    public required LlamaConfig Text { get; init; }

    /// <summary>The vision tower.</summary>
    public required QwenVisionConfig Vision { get; init; }

    /// <summary>The token that stands for one position of an image.</summary>
    public required int ImageTokenId { get; init; }

    /// <summary>The tokens that end an answer.</summary>
    public required IReadOnlySet<int> StopTokens { get; init; }

    /// <summary>The published repetition penalty, which greedy decoding applies in transformers; VQAScore is read after it. 1: none.</summary>
    public double RepetitionPenalty { get; init; } = 1;

    /// <summary>Reads a model's folder.</summary>
    /// <param name="folder">The folder with <c>config.json</c> and, if there is one, <c>generation_config.json</c>; one of the hub's cache
    /// is resolved.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or an option is not supported.</exception>
    public static QwenConfig Read(string folder)
    {
        folder = ModelFolder.Resolve(folder);
        var path = Path.Combine(folder, "config.json");
        var json = ConfigFile.ReadJson(path);
        return FromJson(json, path) with
        {
            StopTokens = GenerationConfig.ReadStopTokens(folder, json) ?? new HashSet<int>(),
            RepetitionPenalty = GenerationConfig.ReadRepetitionPenalty(folder),
        };
    }

    /// <summary>Reads a configuration that is already open; stop tokens are left to <see cref="Read"/>.</summary>
    public static QwenConfig FromJson(JsonElement json, string path)
    {
        var fields = ConfigFile.Parse<Fields>(json, path);
        if (fields.ModelType != "qwen2_5_vl")
            throw new ImgAlignException(
                $"{path}: model_type is '{fields.ModelType}', but that of Qwen2.5-VL is qwen2_5_vl; give the folder of a Qwen2.5-VL."
            );
        if (fields.VisionConfig.ValueKind != JsonValueKind.Object)
            throw new ImgAlignException($"{path}: vision_config is missing; is this a Qwen2.5-VL?");
        var text = ParseText(json.TryGetProperty("text_config", out var nested) ? nested : json, path);
        var config = new QwenConfig
        {
            Text = fields.TieWordEmbeddings is { } ties ? text with { TieWordEmbeddings = ties } : text,
            Vision = QwenVisionConfig.FromJson(fields.VisionConfig, path),
            ImageTokenId = fields.ImageTokenId,
            StopTokens = new HashSet<int>(),
        };
        if (config.Vision.OutHiddenSize != text.HiddenSize)
            throw new ImgAlignException(
                $"{path}: the vision tower gives a width of {config.Vision.OutHiddenSize}, but the language model takes {text.HiddenSize}."
            );
        return config;
    }

    /// <summary>Reads the fields of the language model alone.</summary>
    public static LlamaConfig ParseText(JsonElement json, string path)
    {
        if (json.TryGetProperty("use_sliding_window", out var slides) && slides.ValueKind == JsonValueKind.True)
            throw new ImgAlignException($"{path}: use_sliding_window is not supported; the published Qwen2.5-VL do not use it.");
        var text = LlamaConfig.FromJson<QwenTextConfig>(json, path);
        return text.RopeSections is not null
            ? text
            : throw new ImgAlignException(
                $"{path}: rope_scaling has no mrope_section, which says how positions in images are counted; is this a Qwen2.5-VL?"
            );
    }

    private sealed record Fields
    {
        public string? ModelType { get; init; }
        public int ImageTokenId { get; init; } = 151655;
        public bool? TieWordEmbeddings { get; init; }
        public JsonElement VisionConfig { get; init; }
    }
}
