using System.Text;
using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Tokenizers;

/// <summary>
/// CLIP's tokenizer: normalisation form C, lower case, words and punctuation apart, byte-level merges, padded and truncated to a fixed
/// length. Equal to transformers' <c>CLIPTokenizer</c> (version 5: without ftfy), or to OpenCLIP's. Safe for use by many threads.
/// </summary>
public sealed class ClipTokenizer
{
    private const string EndOfWord = "</w>";

    private readonly ByteLevelVocabulary vocabulary;
    private readonly SpecialTokens asWritten;
    private readonly SpecialTokens afterNormalisation;
    private readonly Func<string, string> normalize;

    private ClipTokenizer(ByteLevelVocabulary vocabulary, ClipTokenizerConfig config)
    {
        this.vocabulary = vocabulary;
        asWritten = new SpecialTokens(Ids(config.SpecialTokens.Where(token => !token.Normalized)));
        afterNormalisation = new SpecialTokens(Ids(config.SpecialTokens.Where(token => token.Normalized)));
        normalize = Normalize;
        MaxLength = config.MaxLength;
        BeginId = vocabulary.IdOf(config.Begin);
        EndId = vocabulary.IdOf(config.End);
        PadId = vocabulary.IdOf(config.Pad);

        IEnumerable<KeyValuePair<string, int>> Ids(IEnumerable<SpecialToken> tokens) =>
            tokens.Select(token => KeyValuePair.Create(token.Content, vocabulary.IdOf(token.Content)));
    }

    // OpenCLIP's, which calls the two special tokens otherwise in texts than in the vocabulary, and pads with the id 0.
    private ClipTokenizer(ByteLevelVocabulary vocabulary, int maxLength)
    {
        this.vocabulary = vocabulary;
        normalize = OpenClipText.Clean;
        MaxLength = maxLength;
        BeginId = vocabulary.IdOf(ClipTokenizerConfig.BeginOfText);
        EndId = vocabulary.IdOf(ClipTokenizerConfig.EndOfText);
        asWritten = new SpecialTokens([]);
        afterNormalisation = new SpecialTokens([new("<start_of_text>", BeginId), new("<end_of_text>", EndId)]);
    }

    /// <summary>
    /// Reads a tokenizer's folder: <c>vocab.json</c> and <c>merges.txt</c>, or where they are not there <c>tokenizer.json</c>, and
    /// <c>tokenizer_config.json</c>.
    /// </summary>
    /// <param name="folder">The folder, such as <c>tokenizer_2</c> of an SDXL checkpoint.</param>
    /// <param name="padToken">The padding token; null: the one that the folder names.</param>
    /// <exception cref="ImgAlignException">A file is missing, malformed, or does not fit the others.</exception>
    public static ClipTokenizer Load(string folder, string? padToken = null)
    {
        var (vocabulary, added) = ReadVocabulary(folder);
        return new(vocabulary, ClipTokenizerConfig.Read(folder, padToken, added));
    }

    /// <summary>Reads the vocabulary of a tokenizer's folder, to make of it OpenCLIP's tokenizer (<c>SimpleTokenizer</c>).</summary>
    /// <param name="folder">The folder, as for <see cref="Load"/>; its configuration does not matter.</param>
    /// <param name="maxLength">The number of ids of every text, at least 2.</param>
    /// <exception cref="ImgAlignException">A file is missing or malformed.</exception>
    internal static ClipTokenizer LoadOpenClip(string folder, int maxLength) => new(ReadVocabulary(folder).Vocabulary, maxLength);

    private static (ByteLevelVocabulary Vocabulary, IEnumerable<SpecialToken> Added) ReadVocabulary(string folder)
    {
        var path = Path.Combine(folder, "tokenizer.json");
        if (File.Exists(Path.Combine(folder, "vocab.json")) || !File.Exists(path))
            return (new ByteLevelVocabulary(BytePairFile.Read(folder), EndOfWord), []);
        var content = ConfigFile.Read<Content>(path);
        return (
            new ByteLevelVocabulary(BytePairFile.FromJson(content.Model, path, EndOfWord), EndOfWord),
            content.AddedTokens.Select(static token => new SpecialToken(token.Content, token.Normalized))
        );
    }

    /// <summary>The number of tokens of every result, 77 for CLIP: begin, at most 75 tokens of text, end, and padding.</summary>
    public int MaxLength { get; }

    /// <summary>The id of the token before the text.</summary>
    public int BeginId { get; }

    /// <summary>The id of the token after the text.</summary>
    public int EndId { get; }

    /// <summary>The id that fills the rest: the end token's for the first text encoder of SDXL, 0 for the second.</summary>
    public int PadId { get; }

    /// <summary>The ids of a text, truncated and padded to <see cref="MaxLength"/>.</summary>
    /// <param name="text">Any text, also empty or very long.</param>
    public long[] Encode(string text) => Encode(text, MaxLength, out _);

    /// <summary>The ids of a text, truncated and padded to a given length.</summary>
    /// <param name="text">Any text, also empty or very long.</param>
    /// <param name="maxLength">The number of ids, at least 2.</param>
    /// <param name="length">How many ids stand before the padding.</param>
    public long[] Encode(string text, int maxLength, out int length)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfLessThan(maxLength, 2);
        var ids = new long[maxLength];
        Array.Fill(ids, PadId);
        ids[0] = BeginId;
        length = 1;
        foreach (var id in TextIds(text).Take(maxLength - 2))
            ids[length++] = id;
        ids[length++] = EndId;
        return ids;
    }

    /// <summary>The end of a text that <see cref="Encode(string)"/> drops, from the first word that it does not keep whole; null where it
    /// keeps all.</summary>
    /// <param name="text">The text.</param>
    public string? FindUnread(string text) =>
        ReadingLimit.Unread(text, MaxTextTokens, part => TextIds(part).Take(MaxTextTokens + 1).Count());

    /// <summary>The most tokens of text in a result: begin and end stand around them.</summary>
    public int MaxTextTokens => MaxLength - 2;

    /// <summary>The ids of a text alone: without begin, end and padding, and uncut. Lazy, so that nothing is done for what truncation
    /// drops.</summary>
    internal IEnumerable<int> TextIds(string text)
    {
        var parts = asWritten.Split(text).SelectMany(part => part.Id is null ? afterNormalisation.Split(normalize(part.Text)) : [part]);
        foreach (var (part, special) in parts)
        {
            if (special is { } id)
                yield return id;
            else
                foreach (var piece in Words(part).SelectMany(word => vocabulary.Encode(part.AsSpan(word.Start, word.Length))))
                    yield return piece;
        }
    }

    /// <summary>Normalisation form C, lower case, and one space for all white space.</summary>
    internal static string Normalize(string text)
    {
        var result = new StringBuilder(text.Length);
        foreach (var rune in CanonicalForms.Compose(text).EnumerateRunes())
        {
            // The one character whose lower case is two, whatever its neighbours: İ.
            if (rune.Value == 0x130)
                result.Append("i\u0307");
            else if (!Rune.IsWhiteSpace(rune))
                result.Append(Rune.ToLowerInvariant(rune).ToString());
            else if (result.Length == 0 || result[^1] != ' ')
                result.Append(' ');
        }
        return result.ToString();
    }

    // Of tokenizer.json.
    private sealed record Content
    {
        public JsonElement Model { get; init; }
        public IReadOnlyList<AddedToken> AddedTokens { get; init; } = [];
    }

    private static readonly string[] Contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    // 's|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+, by code points.
    private static IEnumerable<(int Start, int Length)> Words(string text)
    {
        for (var start = 0; start < text.Length; )
        {
            var end = start;
            if (
                Array.Find(Contractions, contraction => string.CompareOrdinal(text, start, contraction, 0, contraction.Length) == 0) is
                { } found
            )
                end += found.Length;
            else
            {
                var kind = CharacterKinds.At(text, start);
                end = CharacterKinds.After(text, start);
                if (kind != CharacterKind.Number)
                    end = CharacterKinds.Skip(text, end, kind);
                if (kind == CharacterKind.Space)
                {
                    start = end;
                    continue;
                }
            }
            yield return (start, end - start);
            start = end;
        }
    }
}
