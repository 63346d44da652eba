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
    /// <summary>The tokens around a text.</summary>
    public const string BeginOfText = "<|startoftext|>",
        EndOfText = "<|endoftext|>";

    private const int DefaultMaxLength = 77;

    /// <summary>Reads the files that are there; without them, a CLIP tokenizer's defaults hold.</summary>
    /// <param name="folder">The folder.</param>
    /// <param name="padToken">The padding token; null: the one that the files name.</param>
    /// <param name="added">The tokens that <c>tokenizer.json</c> declares, where that is read.</param>
    public static ClipTokenizerConfig Read(string folder, string? padToken, IEnumerable<SpecialToken> added)
    {
        var config = ReadIfPresent(folder, "tokenizer_config.json");
        var map = ReadIfPresent(folder, "special_tokens_map.json");
        var tokens = new Dictionary<string, bool>();
        foreach (var token in added.Concat(config?.Declared() ?? []))
            tokens[token.Content] = token.Normalized;
        var declared = tokens.Keys.ToHashSet();

        // A token named twice is as its last mention says, unless it is declared; a plain string is looked for in the text as written.
        var begin = Take("bos_token", BeginOfText);
        var end = Take("eos_token", EndOfText);
        Take("unk_token", EndOfText);
        var pad = padToken is null ? Take("pad_token", EndOfText) : Add(new SpecialToken(padToken, false));
        return new(
            begin,
            end,
            pad,
            config?.MaxLength ?? DefaultMaxLength,
            [.. tokens.Select(pair => new SpecialToken(pair.Key, pair.Value))]
        );

        string Take(string key, string otherwise) => Add(config?.Mention(key) ?? map?.Mention(key) ?? new SpecialToken(otherwise, false));

        string Add(SpecialToken token)
        {
            if (!declared.Contains(token.Content))
                tokens[token.Content] = token.Normalized;
            return token.Content;
        }
    }

    // Null when the file is missing: what it would say is in the other, or as in every CLIP tokenizer.
    private static Source? ReadIfPresent(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        return File.Exists(path) ? new Source(path, ConfigFile.Read<Dictionary<string, JsonElement>>(path)) : null;
    }

    /// <summary>One of the two files.</summary>
    private sealed record Source(string Path, Dictionary<string, JsonElement> Fields)
    {
        public SpecialToken? Mention(string key) =>
            Fields.GetValueOrDefault(key) switch
            {
                { ValueKind: JsonValueKind.Undefined or JsonValueKind.Null } => null,
                { ValueKind: JsonValueKind.String } text => new SpecialToken(text.GetString()!, false),
                var token => Token(key, token),
            };

        public IEnumerable<SpecialToken> Declared() =>
            ConfigFile
                .Parse<Dictionary<string, JsonElement>>(Fields.GetValueOrDefault("added_tokens_decoder", Empty), Path)
                .Select(entry => Token(entry.Key, entry.Value));

        public int? MaxLength =>
            Fields.TryGetValue("model_max_length", out var length)
            && length.ValueKind == JsonValueKind.Number
            && length.TryGetInt32(out var value)
            && value >= 2
                ? value
                : null;

        private SpecialToken Token(string key, JsonElement value)
        {
            if (
                value.ValueKind == JsonValueKind.Object
                && value.TryGetProperty("content", out var content)
                && content.ValueKind == JsonValueKind.String
            )
                return new SpecialToken(
                    content.GetString()!,
                    value.TryGetProperty("normalized", out var normalized) && normalized.ValueKind == JsonValueKind.True
                );
            throw new ImgAlignException(
                $"{Path}: {key} is to be a string, or an object with the string as its content; download the file again."
            );
        }

        private static readonly JsonElement Empty = JsonDocument.Parse("{}").RootElement;
    }
}
