using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Networks.Llama;

/// <summary>How a published model answers.</summary>
internal static class GenerationConfig
{
    private const string FileName = "generation_config.json";

    /// <summary>The repetition penalty of <c>generation_config.json</c>; 1, which is none, where it says nothing.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <exception cref="ImgAlignException">The file is broken, or the penalty is no number above 0.</exception>
    public static double ReadRepetitionPenalty(string folder)
    {
        var path = Path.Combine(folder, FileName);
        if (!File.Exists(path) || !ConfigFile.ReadJson(path).TryGetProperty("repetition_penalty", out var field))
            return 1;
        return field.ValueKind == JsonValueKind.Number && field.GetDouble() is > 0 and var penalty
            ? penalty
            : throw new ImgAlignException($"{path}: repetition_penalty is {field}, but must be a number above 0.");
    }

    /// <summary>The tokens that end an answer: those of <c>generation_config.json</c>, else of the model's configuration or its
    /// <c>text_config</c>.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="config">The model's configuration.</param>
    /// <returns>Null where no file names any.</returns>
    /// <exception cref="ImgAlignException">The file is broken.</exception>
    public static IReadOnlySet<int>? ReadStopTokens(string folder, JsonElement config)
    {
        var path = Path.Combine(folder, FileName);
        if (File.Exists(path) && Ids(ConfigFile.ReadJson(path)) is { } own)
            return own;
        if (Ids(config) is { } flat)
            return flat;
        return config.TryGetProperty("text_config", out var text) ? Ids(text) : null;

        static HashSet<int>? Ids(JsonElement json) =>
            !json.TryGetProperty("eos_token_id", out var ids)
                ? null
                : ids.ValueKind switch
                {
                    JsonValueKind.Number => [ids.GetInt32()],
                    JsonValueKind.Array => [.. ids.EnumerateArray().Select(id => id.GetInt32())],
                    _ => null,
                };
    }
}
