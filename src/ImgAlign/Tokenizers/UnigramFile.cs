using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Tokenizers;

/// <summary>A unigram model as the tokenizers library writes it into <c>tokenizer.json</c>.</summary>
/// <param name="Pieces">All pieces with their scores (logarithms of probabilities), by id.</param>
/// <param name="UnknownId">The piece that stands for unknown characters.</param>
/// <param name="NormalizationMap">Sentencepiece's compiled table of replacements; empty for none.</param>
/// <param name="AddedTokens">Tokens that are found in a text before all else.</param>
internal sealed record UnigramFile(IReadOnlyList<(string Text, float Score)> Pieces, int UnknownId, byte[] NormalizationMap, IReadOnlyList<AddedToken> AddedTokens)
{
    /// <summary>Reads the file's contents.</summary>
    /// <exception cref="ImgAlignException">It is malformed or of another kind of tokenizer.</exception>
    public static UnigramFile FromJson(JsonElement json, string path)
    {
        var file = ConfigFile.Parse<Content>(json, path);
        if (file.Model?.Type != "Unigram" || file.Model.UnkId is not { } unknown || file.Model.Vocab.ValueKind != JsonValueKind.Array)
            throw new ImgAlignException($"{path}: model must be of type Unigram with unk_id and vocab; this is not the tokenizer of a T5 model.");
        try
        {
            var pieces = file.Model.Vocab.EnumerateArray().Select(pair => (pair[0].GetString()!, (float)pair[1].GetDouble())).ToList();
            return new UnigramFile(pieces, unknown, FindMap(file.Normalizer) ?? [], file.AddedTokens);
        }
        catch (Exception exception) when (exception is InvalidOperationException or FormatException or IndexOutOfRangeException)
        {
            throw new ImgAlignException($"{path}: vocab or precompiled_charsmap is malformed ({exception.Message}); download the file again.", exception);
        }
    }

    // Alone, or one of a sequence of normalisers.
    private static byte[]? FindMap(JsonElement normalizer)
    {
        if (normalizer.ValueKind != JsonValueKind.Object) return null;
        if (normalizer.TryGetProperty("precompiled_charsmap", out var map) && map.ValueKind == JsonValueKind.String) return map.GetBytesFromBase64();
        return normalizer.TryGetProperty("normalizers", out var several) ? several.EnumerateArray().Select(FindMap).FirstOrDefault(static found => found is not null) : null;
    }

    private sealed record Content
    {
        public UnigramContent? Model { get; init; }
        public JsonElement Normalizer { get; init; }
        public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];
    }

    private sealed record UnigramContent
    {
        public string Type { get; init; } = "";
        public int? UnkId { get; init; }
        public JsonElement Vocab { get; init; }
    }
}
