using System.Text;

namespace ImgAlign.Tokenizers;

/// <summary>Byte-level byte-pair encoding (GPT-2's, CLIP's, Qwen's): between one word and its ids.</summary>
public sealed class ByteLevelVocabulary
{
    private readonly BytePairFile file;
    private readonly int[] bytes;
    private readonly int[] lastBytes;
    private readonly PairMerger merger;
    private readonly Lazy<Dictionary<int, byte[]>> decoded;

    /// <summary>Takes tokens and merges.</summary>
    /// <param name="file">Where they are from.</param>
    /// <param name="endOfWord">What the last byte of a word has behind it: <c>&lt;/w&gt;</c> for CLIP.</param>
    /// <exception cref="ImgAlignException">The token of a byte or of a merge is missing.</exception>
    public ByteLevelVocabulary(BytePairFile file, string endOfWord = "")
    {
        this.file = file;
        bytes = [.. ByteCharacters.Select(character => file.IdOf(character.ToString()))];
        lastBytes = endOfWord.Length == 0 ? bytes : [.. ByteCharacters.Select(character => file.IdOf(character + endOfWord))];
        var pairs = new Dictionary<(int, int), (int, int)>();
        foreach (var (left, right) in file.Merges)
            pairs.TryAdd((file.IdOf(left), file.IdOf(right)), (pairs.Count, file.IdOf(left + right)));
        merger = new PairMerger(pairs);
        decoded = new(DecodeAll);
    }

    /// <summary>The id of a token.</summary>
    /// <exception cref="ImgAlignException">The vocabulary does not have it.</exception>
    public int IdOf(string token) => file.IdOf(token);

    /// <summary>The ids of one word, which is normalised already and not empty.</summary>
    public IEnumerable<int> Encode(ReadOnlySpan<char> word)
    {
        var utf8 = new byte[Encoding.UTF8.GetByteCount(word)];
        Encoding.UTF8.GetBytes(word, utf8);
        var symbols = Array.ConvertAll(utf8, value => bytes[value]);
        symbols[^1] = lastBytes[utf8[^1]];
        return merger.Merge(symbols);
    }

    /// <summary>The bytes that a token stands for, which need not be whole characters; none where there is no such token.</summary>
    public ReadOnlySpan<byte> Decode(int id) => decoded.Value.GetValueOrDefault(id, []);

    private Dictionary<int, byte[]> DecodeAll()
    {
        var values = ByteCharacters.Index().ToDictionary(pair => pair.Item, pair => (byte)pair.Index);
        var result = new Dictionary<int, byte[]>();
        foreach (var (token, id) in file.Ids)
            result[id] = token.All(values.ContainsKey) ? [.. token.Select(character => values[character])] : Encoding.UTF8.GetBytes(token);
        return result;
    }

    // GPT-2's printable character for each byte: itself where it is printable, else the next free one from U+0100 on.
    public static readonly IReadOnlyList<char> ByteCharacters = [.. ListByteCharacters()];

    private static IEnumerable<char> ListByteCharacters()
    {
        var free = '\u0100';
        for (var value = 0; value < 256; value++)
            yield return value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)value : free++;
    }
}
