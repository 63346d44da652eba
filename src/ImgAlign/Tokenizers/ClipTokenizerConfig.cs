using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Tokenizers;

/// <summary>A string that is one token wherever a text holds it.</summary>
/// <param name="Content">The string.</param>
/// <param name="Normalized">Whether it is looked for in the normalised text, and not in the text as it was written.</param>
internal readonly record struct SpecialToken(string Content, bool Normalized);

/// <summary>What <c>tokenizer_config.json</c> and <c>special_tokens_map.json</c> say about a CLIP tokenizer.</summary>
internal sealed record ClipTokenizerConfig(string Begin, string End, string Pad, int MaxLength, IReadOnlyList<SpecialToken> SpecialTokens)
{
    private const string BeginOfText = "<|startoftext|>", EndOfText = "<|endoftext|>";

    /// <summary>Reads the files that are there; without them, a CLIP tokenizer's defaults hold.</summary>
    public static ClipTokenizerConfig Read(string folder, string? padToken)
    {
        var config = ReadIfPresent(folder, "tokenizer_config.json");
        var map = ReadIfPresent(folder, "special_tokens_map.json");
        var declared = Declared(config);
        var tokens = new Dictionary<string, bool>();

        // A token named twice is as its last mention says; a plain string is looked for in the text as written.
        string Special(string key, string otherwise)
        {
            var (content, normalized) = Mention(config, key) ?? Mention(map, key) ?? new SpecialToken(otherwise, false);
            tokens[content] = declared.GetValueOrDefault(content, normalized);
            return content;
        }

        var begin = Special("bos_token", BeginOfText);
        var end = Special("eos_token", EndOfText);
        Special("unk_token", EndOfText);
        var pad = padToken ?? Special("pad_token", EndOfText);
        if (padToken is not null) tokens[pad] = declared.GetValueOrDefault(pad);
        return new(begin, end, pad, ReadMaxLength(config), [.. declared.Concat(tokens).DistinctBy(pair => pair.Key).Select(pair => new SpecialToken(pair.Key, pair.Value))]);
    }

    private static JsonElement? ReadIfPresent(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        if (!File.Exists(path)) return null;
        var json = ConfigFile.ReadJson(path);
        return json.ValueKind == JsonValueKind.Object ? json : throw new ImgAlignException($"{path}: a JSON object is expected; download the file again.");
    }

    private static SpecialToken? Mention(JsonElement? json, string key)
    {
        if (json is not { } element || !element.TryGetProperty(key, out var value)) return null;
        return value.ValueKind switch
        {
            JsonValueKind.String => new SpecialToken(value.GetString()!, false),
            JsonValueKind.Object => Token(value),
            _ => null,
        };
    }

    private static Dictionary<string, bool> Declared(JsonElement? config)
    {
        if (config is not { } element || !element.TryGetProperty("added_tokens_decoder", out var tokens) || tokens.ValueKind != JsonValueKind.Object) return [];
        return tokens.EnumerateObject().Select(entry => Token(entry.Value)).OfType<SpecialToken>().ToDictionary(token => token.Content, token => token.Normalized);
    }

    private static SpecialToken? Token(JsonElement value) =>
        value.ValueKind == JsonValueKind.Object && value.TryGetProperty("content", out var content) && content.GetString() is { } text
            ? new SpecialToken(text, value.TryGetProperty("normalized", out var normalized) && normalized.ValueKind == JsonValueKind.True)
            : null;

    private static int ReadMaxLength(JsonElement? config) =>
        config is { } element && element.TryGetProperty("model_max_length", out var length) && length.TryGetInt32(out var value) && value >= 2 ? value : 77;
}
