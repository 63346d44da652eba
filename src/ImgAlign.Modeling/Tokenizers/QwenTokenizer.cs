using System.Text;
using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Tokenizers;

/// <summary>
/// The tokenizer of Qwen2 and Qwen2.5: normalisation form C, then byte-level merges within words. Every text has ids, and nothing is put
/// before or behind it. Equal to transformers' <c>Qwen2Tokenizer</c>. Safe for use by many threads.
/// </summary>
public sealed class QwenTokenizer
{
    private readonly ByteLevelVocabulary vocabulary;
    private readonly Dictionary<int, AddedToken> added;
    private readonly SpecialTokens addedStrings;
    private readonly string path;

    private QwenTokenizer(BytePairFile file, IReadOnlyList<AddedToken> added)
    {
        path = file.Path;
        if (
            added.DistinctBy(static token => token.Id).Count() < added.Count
            || added.DistinctBy(static token => token.Content).Count() < added.Count
        )
            throw new ImgAlignException(
                $"{path}: two added tokens have the same id or the same string; download the tokenizer's files again."
            );
        vocabulary = new ByteLevelVocabulary(file);
        this.added = added.ToDictionary(static token => token.Id);
        addedStrings = new SpecialTokens(added.Select(static token => KeyValuePair.Create(token.Content, token.Id)));
    }

    /// <summary>Reads <c>tokenizer.json</c>, or where that is not there <c>vocab.json</c>, <c>merges.txt</c> and
    /// <c>tokenizer_config.json</c>.</summary>
    /// <param name="folder">The model's folder.</param>
    /// <param name="more">Special tokens that stand behind all of the file's.</param>
    /// <exception cref="ImgAlignException">A file is missing, malformed, or of another kind of tokenizer.</exception>
    public static QwenTokenizer Load(string folder, params IReadOnlyList<string> more)
    {
        var path = Path.Combine(folder, "tokenizer.json");
        if (File.Exists(path))
            return FromJson(ConfigFile.ReadJson(path), path, more);
        var config = ConfigFile.Read<Config>(Path.Combine(folder, "tokenizer_config.json"));
        return Create(
            BytePairFile.Read(folder),
            [.. config.AddedTokensDecoder.Select(static pair => pair.Value with { Id = pair.Key })],
            more
        );
    }

    /// <summary>The id of a token that stands for itself, such as <c>&lt;|im_end|&gt;</c>.</summary>
    /// <param name="token">The token.</param>
    /// <exception cref="ImgAlignException">There is no such token.</exception>
    public int IdOf(string token) =>
        added.Values.FirstOrDefault(candidate => candidate.Content == token)?.Id
        ?? throw new ImgAlignException($"{path}: the added token '{token}' is missing; this is not the tokenizer of such a model.");

    /// <summary>The first string in a text that stands for one token of its own, such as <c>&lt;|im_end|&gt;</c>; null: there is
    /// none.</summary>
    public string? FindAdded(string text) => addedStrings.Split(text).FirstOrDefault(static part => part.Id is not null).Text;

    /// <summary>The first string such as <c>&lt;|im_start|&gt;</c> in a text, or null.</summary>
    /// <param name="text">Any text.</param>
    public string? FindControl(string text) => addedStrings.Find(text);

    /// <summary>The ids of a text. Strings such as <c>&lt;|im_start|&gt;</c> in it become their ids.</summary>
    /// <param name="text">Any text; the empty one has no ids.</param>
    public IReadOnlyList<int> Encode(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var ids = new List<int>();
        foreach (var (part, id) in addedStrings.Split(text))
        {
            if (id is { } found)
            {
                ids.Add(found);
                continue;
            }
            var normalized = CanonicalForms.Compose(part);
            foreach (var word in QwenWords.Split(normalized))
                ids.AddRange(vocabulary.Encode(normalized.AsSpan(word)));
        }
        return ids;
    }

    /// <summary>The text of ids. Special tokens, and ids beyond the vocabulary, give nothing; broken UTF-8 gives U+FFFD.</summary>
    /// <param name="tokens">The ids.</param>
    public string Decode(IEnumerable<int> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        var utf8 = new List<byte>();
        foreach (var id in tokens)
        {
            if (!added.TryGetValue(id, out var token))
                utf8.AddRange(vocabulary.Decode(id));
            else if (!token.Special)
                utf8.AddRange(Encoding.UTF8.GetBytes(token.Content));
        }
        return Encoding.UTF8.GetString([.. utf8]);
    }

    private static QwenTokenizer Create(BytePairFile file, IReadOnlyList<AddedToken> added, IReadOnlyList<string> more)
    {
        var next = file.Ids.Values.Concat(added.Select(static token => token.Id)).DefaultIfEmpty(-1).Max() + 1;
        return new QwenTokenizer(file, [.. added, .. more.Select((token, index) => new AddedToken(token, next + index, Special: true))]);
    }

    private static QwenTokenizer FromJson(JsonElement json, string path, IReadOnlyList<string> more)
    {
        var content = ConfigFile.Parse<Content>(json, path);
        if (!Strings(content.PreTokenizer).Contains(QwenWords.Pattern) || !Strings(content.Normalizer).Contains("NFC"))
            throw new ImgAlignException(
                $"{path}: normalizer and pre_tokenizer are not those of Qwen2.5 (NFC, and its pattern of words); this is the "
                    + "tokenizer of another model."
            );
        return Create(BytePairFile.FromJson(content.Model, path), content.AddedTokens, more);
    }

    // Alone, or one of a sequence.
    private static IEnumerable<string> Strings(JsonElement json) =>
        json.ValueKind switch
        {
            JsonValueKind.Object => json.EnumerateObject().SelectMany(static property => Strings(property.Value)),
            JsonValueKind.Array => json.EnumerateArray().SelectMany(Strings),
            JsonValueKind.String => [json.GetString()!],
            _ => [],
        };

    private sealed record Content
    {
        public JsonElement Model { get; init; }
        public JsonElement Normalizer { get; init; }
        public JsonElement PreTokenizer { get; init; }
        public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];
    }

    private sealed record Config
    {
        public IReadOnlyDictionary<int, AddedToken> AddedTokensDecoder { get; init; } = new Dictionary<int, AddedToken>();
    }
}
