using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Tokenizers;

/// <summary>A unigram model as it is published: as a model of sentencepiece, or as the tokenizers library writes it into
/// <c>tokenizer.json</c>.</summary>
/// <param name="Pieces">The pieces that are found in texts, with their scores (logarithms of probabilities); at least one.</param>
/// <param name="Count">The number of all pieces.</param>
/// <param name="UnknownId">The piece that stands for unknown characters.</param>
/// <param name="Characters">What texts are normalised with.</param>
/// <param name="Special">Tokens that are found in a text before all else, with their ids.</param>
internal sealed record UnigramFile(
    IReadOnlyList<(int Id, string Text, float Score)> Pieces,
    int Count,
    int UnknownId,
    CharacterMap Characters,
    IReadOnlyDictionary<string, int> Special
)
{
    /// <summary>Reads a <c>spiece.model</c>; its special tokens are the control pieces and the unknown one.</summary>
    /// <exception cref="ImgAlignException">It is malformed or of another kind of tokenizer.</exception>
    public static UnigramFile FromModel(string path)
    {
        var model = SentencePieceModel.Load(path, PieceAlgorithm.Unigram);
        var normalizer = model.Normalizer ?? new();
        if (normalizer is not { AddDummyPrefix: true, RemoveExtraWhitespaces: true, EscapeWhitespaces: true })
            throw new ImgAlignException($"{path}: spaces are treated in another way than T5 does; this is the tokenizer of another model.");
        if (model.Pieces.FirstOrDefault(static piece => (PieceKind)piece.Kind is PieceKind.UserDefined or PieceKind.Byte) is { } other)
            throw new ImgAlignException(
                $"{path}: '{other.Text}' is a piece of the kind {(PieceKind)other.Kind}, which T5 does not have; this is the "
                    + "tokenizer of another model."
            );
        var pieces = Of(PieceKind.Normal).Select(static entry => (entry.Index, entry.Item.Text, entry.Item.Score)).ToList();
        if (pieces.Count == 0)
            throw new ImgAlignException($"{path}: there is no piece that could be found in a text; download the file again.");
        var unknown = Of(PieceKind.Unknown).Single();
        return new UnigramFile(
            pieces,
            model.Pieces.Count,
            unknown.Index,
            new CharacterMap(normalizer.CharacterMap.Span, path),
            Of(PieceKind.Control).Append(unknown).ToDictionary(static entry => entry.Item.Text, static entry => entry.Index)
        );

        IEnumerable<(int Index, SentencePiece Item)> Of(PieceKind kind) =>
            model.Pieces.Index().Where(entry => entry.Item.Kind == (int)kind);
    }

    /// <summary>Reads the contents of a <c>tokenizer.json</c>; its special tokens are the added ones.</summary>
    /// <exception cref="ImgAlignException">It is malformed or of another kind of tokenizer.</exception>
    public static UnigramFile FromJson(JsonElement json, string path)
    {
        var file = ConfigFile.Parse<Content>(json, path);
        if (file.Model?.Type != "Unigram" || file.Model.UnkId is not { } unknown || file.Model.Vocab.ValueKind != JsonValueKind.Array)
            throw new ImgAlignException(
                $"{path}: model must be of type Unigram with unk_id and vocab; this is not the tokenizer of a T5 model."
            );
        var special = new Dictionary<string, int>();
        foreach (var token in file.AddedTokens)
            if (token.Content.Length == 0 || !special.TryAdd(token.Content, token.Id))
                throw Malformed($"added token {token.Id} has no content of its own");

        var (pieces, texts, count) = (new List<(int, string, float)>(), new HashSet<string>(), 0);
        foreach (var entry in file.Model.Vocab.EnumerateArray())
        {
            var (text, score) =
                ReadPiece(entry) ?? throw Malformed($"entry {count} of vocab is {entry.GetRawText()}, but a text and a score are expected");
            if (!texts.Add(text))
                throw Malformed($"entry {count} of vocab, '{text}', is there twice");
            if (count != unknown && !special.ContainsKey(text))
                pieces.Add((count, text, score));
            count++;
        }
        if (pieces.Count == 0 || unknown < 0 || unknown >= count)
            throw Malformed($"vocab has {count} entries and unk_id is {unknown}");
        return new UnigramFile(pieces, count, unknown, new CharacterMap(ReadMap(file.Normalizer), path), special);

        ImgAlignException Malformed(string reason) => new($"{path}: {reason}; download the file again.");

        // Alone, or one of a sequence of normalisers.
        byte[] ReadMap(JsonElement normalizer)
        {
            if (normalizer.ValueKind != JsonValueKind.Object)
                return [];
            if (normalizer.TryGetProperty("precompiled_charsmap", out var map))
                return map.ValueKind == JsonValueKind.String && map.TryGetBytesFromBase64(out var bytes)
                    ? bytes
                    : throw Malformed("precompiled_charsmap is not in base64");
            return normalizer.TryGetProperty("normalizers", out var several) && several.ValueKind == JsonValueKind.Array
                ? several.EnumerateArray().Select(ReadMap).FirstOrDefault(static found => found.Length > 0) ?? []
                : [];
        }
    }

    private static (string Text, float Score)? ReadPiece(JsonElement entry) =>
        entry.ValueKind == JsonValueKind.Array
        && entry.GetArrayLength() == 2
        && entry[0].ValueKind == JsonValueKind.String
        && entry[0].GetString() is { Length: > 0 } text
        && entry[1].ValueKind == JsonValueKind.Number
        && entry[1].TryGetSingle(out var score)
        && float.IsFinite(score)
            ? (text, score)
            : null;

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
