using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Tokenizers;

/// <summary>The tokens and merges of a byte-pair encoding, as they are published.</summary>
/// <param name="Path">The file with the tokens.</param>
/// <param name="Ids">All tokens.</param>
/// <param name="Merges">Pairs of tokens that become one, the first one first.</param>
public sealed record BytePairFile(string Path, IReadOnlyDictionary<string, int> Ids, IReadOnlyList<(string Left, string Right)> Merges)
{
    /// <summary>Reads <c>vocab.json</c> and <c>merges.txt</c>.</summary>
    /// <exception cref="ImgAlignException">A file is missing or malformed.</exception>
    public static BytePairFile Read(string folder)
    {
        var path = System.IO.Path.Combine(folder, "vocab.json");
        var mergesPath = System.IO.Path.Combine(folder, "merges.txt");
        var ids = ConfigFile.Read<Dictionary<string, int>>(path);
        if (!File.Exists(mergesPath))
            throw new ImgAlignException($"{mergesPath}: the file is missing; a tokenizer of this kind has vocab.json and merges.txt.");
        var lines = File.ReadLines(mergesPath)
            .Where(static line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal));
        return new(path, ids, [.. lines.Select(line => Merge(line, mergesPath))]);
    }

    /// <summary>Reads the <c>model</c> of a <c>tokenizer.json</c>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The file, for messages.</param>
    /// <param name="endOfWord">What the last byte of a word must have behind it.</param>
    /// <param name="byteFallback">Whether unknown characters must become bytes.</param>
    /// <exception cref="ImgAlignException">It is malformed or of another kind of tokenizer.</exception>
    public static BytePairFile FromJson(JsonElement model, string path, string endOfWord = "", bool byteFallback = false)
    {
        if (model.ValueKind != JsonValueKind.Object)
            throw new ImgAlignException($"{path}: there is no model in it; this is not a tokenizer.json, or not a whole one.");
        var content = ConfigFile.Parse<Content>(model, path);
        if (content.Type != "BPE")
            throw new ImgAlignException(
                $"{path}: model is of type '{content.Type}', but BPE is expected; this is the tokenizer of another model."
            );
        if ((content.EndOfWordSuffix ?? "") != endOfWord || content.ByteFallback != byteFallback)
            throw new ImgAlignException(
                $"{path}: model has end_of_word_suffix '{content.EndOfWordSuffix}' and byte_fallback {content.ByteFallback}, "
                    + $"but '{endOfWord}' and {byteFallback} are expected; this is the tokenizer of another model."
            );
        return new(path, content.Vocab, [.. content.Merges.Select(merge => Merge(merge, path))]);
    }

    /// <summary>The id of a token.</summary>
    /// <exception cref="ImgAlignException">There is no such token.</exception>
    public int IdOf(string token) =>
        Ids.TryGetValue(token, out var id)
            ? id
            : throw new ImgAlignException(
                $"{Path}: the token '{token}' is missing; take vocab.json, merges.txt, tokenizer_config.json and tokenizer.json "
                    + "from one and the same folder."
            );

    // Newer files write the two tokens apart.
    private static (string, string) Merge(JsonElement merge, string path) =>
        merge.ValueKind switch
        {
            JsonValueKind.String => Merge(merge.GetString()!, path),
            JsonValueKind.Array
                when merge.GetArrayLength() == 2 && merge.EnumerateArray().All(static token => token.ValueKind == JsonValueKind.String) => (
                merge[0].GetString()!,
                merge[1].GetString()!
            ),
            _ => throw Malformed(merge.GetRawText(), path),
        };

    private static (string, string) Merge(string line, string path) =>
        line.Split(' ') is [var left, var right] ? (left, right) : throw Malformed(line, path);

    private static ImgAlignException Malformed(string merge, string path) =>
        new($"{path}: there is the merge '{merge}', but two tokens are expected; download the file again.");

    private sealed record Content
    {
        public string Type { get; init; } = "";
        public string? EndOfWordSuffix { get; init; }
        public bool ByteFallback { get; init; }
        public Dictionary<string, int> Vocab { get; init; } = [];
        public IReadOnlyList<JsonElement> Merges { get; init; } = [];
    }
}
