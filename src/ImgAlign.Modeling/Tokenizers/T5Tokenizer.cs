using ImgAlign.Checkpoints;

namespace ImgAlign.Tokenizers;

/// <summary>
/// T5's tokenizer: sentencepiece's unigram model, which finds the likeliest pieces of the text as a whole. Equal to transformers'
/// <c>T5Tokenizer</c>. Safe for use by many threads.
/// </summary>
public sealed class T5Tokenizer
{
    private const string Pad = "<pad>";
    private const string End = "</s>";
    private const string Unknown = "<unk>";

    private readonly UnigramModel model;
    private readonly SpecialTokens special;
    private readonly int padId;

    private T5Tokenizer(UnigramFile file, IReadOnlyDictionary<string, int> special, string path)
    {
        if (Array.Find([Pad, End, Unknown], token => !special.ContainsKey(token)) is { } missing)
            throw new ImgAlignException($"{path}: the token {missing} is missing; this is not the tokenizer of a T5 model.");
        model = new UnigramModel(file.Pieces, file.UnknownId, file.Characters);
        this.special = new SpecialTokens(special);
        (padId, EndId) = (special[Pad], special[End]);
    }

    /// <summary>Reads <c>spiece.model</c>, or <c>tokenizer.json</c> where that is not there.</summary>
    /// <param name="folder">The tokenizer's folder, such as <c>tokenizer_2</c> of FLUX.1-dev.</param>
    /// <exception cref="ImgAlignException">Both files are missing, or the one that is there is malformed or of another kind of
    /// tokenizer.</exception>
    public static T5Tokenizer Load(string folder)
    {
        var path = Path.Combine(folder, "spiece.model");
        return File.Exists(path) ? LoadModel(path) : LoadJson(Path.Combine(folder, "tokenizer.json"));
    }

    /// <summary>The id of <c>&lt;/s&gt;</c>.</summary>
    public int EndId { get; }

    /// <summary>The ids of a text and of its end, filled up with padding; a text that is too long is cut, its end is not.</summary>
    /// <param name="text">Any text. Strings such as <c>&lt;/s&gt;</c> and <c>&lt;extra_id_0&gt;</c> in it become their ids.</param>
    /// <param name="length">The number of ids that come back, at least 1.</param>
    /// <param name="used">How many of them are not padding.</param>
    public long[] Encode(string text, int length, out int used)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        var ids = EncodeText(text).Take(length - 1).Append(EndId).ToList();
        used = ids.Count;
        return [.. ids.Concat(Enumerable.Repeat(padId, length - used)).Select(static id => (long)id)];
    }

    /// <inheritdoc cref="Encode(string, int, out int)"/>
    public long[] Encode(string text, int length) => Encode(text, length, out _);

    /// <summary>The end of a text that <see cref="Encode(string, int)"/> drops, from the first word that it does not keep whole; null where
    /// it keeps all.</summary>
    /// <param name="text">The text.</param>
    /// <param name="length">The number of ids, of which the last one ends the text.</param>
    public string? FindUnread(string text, int length) => ReadingLimit.Unread(text, length - 1, part => EncodeText(part).Count);

    private List<int> EncodeText(string text)
    {
        var ids = new List<int>();
        foreach (var (part, id) in special.Split(text))
        {
            if (id is { } found)
                ids.Add(found);
            else
                AddPart(part, ids);
        }
        return ids;
    }

    private void AddPart(string part, List<int> ids)
    {
        var start = ids.Count;
        foreach (var id in model.Encode(part.Replace('\u0085', ' '))) // parts words in transformers, though not in sentencepiece
        {
            // A run of unknown characters is one unknown token.
            if (id != model.UnknownId || ids.Count == start || ids[^1] != id)
                ids.Add(id);
        }
    }

    private static T5Tokenizer LoadModel(string path)
    {
        var file = UnigramFile.FromModel(path);
        var special = file.Special.Where(static pair => pair.Key is Pad or End or Unknown).ToDictionary();
        var configPath = Path.Combine(Path.GetDirectoryName(path)!, "tokenizer_config.json");
        var extra = (File.Exists(configPath) ? ConfigFile.Read<Config>(configPath) : new Config()).ExtraIds;
        // They follow the pieces, the last one first.
        for (var i = 0; i < extra; i++)
            special.Add($"<extra_id_{i}>", file.Count + extra - 1 - i);
        return new T5Tokenizer(file, special, path);
    }

    private static T5Tokenizer LoadJson(string path)
    {
        var file = UnigramFile.FromJson(ConfigFile.ReadJson(path), path);
        return new T5Tokenizer(file, file.Special, path);
    }

    private sealed record Config
    {
        public int ExtraIds { get; init; } = 100;
    }
}
