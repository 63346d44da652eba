using System.Globalization;
using System.Text;

namespace ImgAlign.Tokenizers;

/// <summary>
/// BERT's uncased WordPiece: words without case and accents, cut into the longest pieces that the vocabulary has. Equal to transformers'
/// <c>BertTokenizer</c> of <c>bert-base-uncased</c>. Safe for use by many threads.
/// </summary>
public sealed class BertTokenizer
{
    /// <summary>The vocabulary's file.</summary>
    public const string FileName = "vocab.txt";

    private const int MaxWordLength = 100;
    private const string Continuation = "##";

    private readonly Dictionary<string, int> ids;
    private readonly SpecialTokens special;
    private readonly int unknown;
    private readonly int begin;
    private readonly int end;

    private BertTokenizer(string path, IReadOnlyList<string> pieces, IReadOnlyList<string> added)
    {
        ids = [];
        foreach (var (id, piece) in pieces.Concat(added).Index())
            ids[piece] = id;
        Count = pieces.Count + added.Count;
        (unknown, begin, end, PaddingId) = (IdOf("[UNK]"), IdOf("[CLS]"), IdOf("[SEP]"), IdOf("[PAD]"));
        string[] own = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];
        special = new SpecialTokens(own.Concat(added).Where(ids.ContainsKey).Select(token => KeyValuePair.Create(token, ids[token])));

        int IdOf(string token) =>
            ids.TryGetValue(token, out var id)
                ? id
                : throw new ImgAlignException($"{path}: the token {token} is missing; take vocab.txt of google-bert/bert-base-uncased.");
    }

    /// <summary>Reads <c>vocab.txt</c>.</summary>
    /// <param name="folder">Its folder.</param>
    /// <param name="added">Special tokens that stand behind those of the file.</param>
    /// <exception cref="ImgAlignException">The file is missing, or not a vocabulary of BERT.</exception>
    public static BertTokenizer Load(string folder, params IReadOnlyList<string> added)
    {
        var path = Path.Combine(folder, FileName);
        return File.Exists(path)
            ? new BertTokenizer(path, [.. File.ReadLines(path)], added)
            : throw new ImgAlignException($"{path}: the file is missing; take vocab.txt of google-bert/bert-base-uncased.");
    }

    /// <summary>The number of tokens, those that were added among them.</summary>
    public int Count { get; }

    /// <summary>What fills a row up.</summary>
    public int PaddingId { get; }

    /// <summary>The ids of a text, between the token of its begin and that of its end; what is too long is cut before the latter.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="length">The most ids, at least 2.</param>
    public IReadOnlyList<int> Encode(string text, int length) => [begin, .. EncodeText(text).Take(length - 2), end];

    /// <summary>The end of a text that is not read; null where all of it is.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="length">The most ids, as for <see cref="Encode"/>.</param>
    public string? FindUnread(string text, int length) => ReadingLimit.Unread(text, length - 2, part => EncodeText(part).Count());

    private IEnumerable<int> EncodeText(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return special.Split(text).SelectMany(part => part.Id is { } id ? [id] : SplitWords(Clean(part.Text)).SelectMany(EncodeWord));
    }

    // Control characters go, all spaces are one, ideographs are words of their own; no accents, no capitals.
    private static string Clean(string text)
    {
        var cleaned = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            if (rune.Value is '\t' or '\n' or '\r' || Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpaceSeparator)
                cleaned.Append(' ');
            else if (IsIdeograph(rune.Value))
                cleaned.Append(' ').Append(rune).Append(' ');
            else if (rune != Rune.ReplacementChar && !IsControl(rune))
                cleaned.Append(rune);
        }
        var result = new StringBuilder(cleaned.Length);
        foreach (var rune in CanonicalForms.Decompose(cleaned.ToString()).EnumerateRunes())
        {
            if (Rune.GetUnicodeCategory(rune) != UnicodeCategory.NonSpacingMark)
                result.Append(Rune.ToLowerInvariant(rune));
        }
        return result.ToString();
    }

    // Each punctuation character is a word.
    private static IEnumerable<string> SplitWords(string text)
    {
        var word = new StringBuilder();
        foreach (var rune in text.EnumerateRunes())
        {
            var isPunctuation = IsPunctuation(rune);
            if (word.Length > 0 && (isPunctuation || Rune.IsWhiteSpace(rune)))
            {
                yield return word.ToString();
                word.Clear();
            }
            if (isPunctuation)
                yield return rune.ToString();
            else if (!Rune.IsWhiteSpace(rune))
                word.Append(rune);
        }
        if (word.Length > 0)
            yield return word.ToString();
    }

    // The longest piece first; a word of which a part is in no piece is unknown as a whole.
    private IEnumerable<int> EncodeWord(string word)
    {
        var ends = new List<int>();
        for (var index = 0; index < word.Length; index = ends[^1])
            ends.Add(CharacterKinds.After(word, index));
        if (ends.Count > MaxWordLength)
            return [unknown];
        var pieces = new List<int>();
        for (var (start, first) = (0, 0); start < word.Length; )
        {
            var last = ends.Count - 1;
            int id;
            while (!ids.TryGetValue((start == 0 ? "" : Continuation) + word[start..ends[last]], out id))
            {
                if (--last < first)
                    return [unknown];
            }
            pieces.Add(id);
            (start, first) = (ends[last], last + 1);
        }
        return pieces;
    }

    private static bool IsControl(Rune rune) =>
        Rune.GetUnicodeCategory(rune)
            is UnicodeCategory.Control
                or UnicodeCategory.Format
                or UnicodeCategory.Surrogate
                or UnicodeCategory.PrivateUse
                or UnicodeCategory.OtherNotAssigned;

    private static bool IsPunctuation(Rune rune) =>
        rune.IsAscii
            ? rune.Value is > ' ' and < '\x7F' && !Rune.IsLetterOrDigit(rune)
            : Rune.GetUnicodeCategory(rune)
                is UnicodeCategory.ConnectorPunctuation
                    or UnicodeCategory.DashPunctuation
                    or UnicodeCategory.OpenPunctuation
                    or UnicodeCategory.ClosePunctuation
                    or UnicodeCategory.InitialQuotePunctuation
                    or UnicodeCategory.FinalQuotePunctuation
                    or UnicodeCategory.OtherPunctuation;

    private static bool IsIdeograph(int point) =>
        point
            is >= 0x4E00
                and <= 0x9FFF
                or >= 0x3400
                and <= 0x4DBF
                or >= 0x20000
                and <= 0x2A6DF
                or >= 0x2A700
                and <= 0x2B73F
                or >= 0x2B740
                and <= 0x2B81F
                or >= 0x2B820
                and <= 0x2CEAF
                or >= 0xF900
                and <= 0xFAFF
                or >= 0x2F800
                and <= 0x2FA1F;
}
