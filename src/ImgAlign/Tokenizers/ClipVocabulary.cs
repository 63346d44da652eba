using System.Text;
using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Tokenizers;

/// <summary>CLIP's byte-level vocabulary and merges: the ids of one word.</summary>
internal sealed class ClipVocabulary
{
    private const string EndOfWord = "</w>";

    private readonly string path;
    private readonly Dictionary<string, int> ids;
    private readonly int[] bytes;
    private readonly int[] lastBytes;
    private readonly PairMerger merger;

    private ClipVocabulary(string path, Dictionary<string, int> ids, IEnumerable<string> merges)
    {
        this.path = path;
        this.ids = ids;
        bytes = [.. ByteCharacters().Select(character => IdOf(character.ToString()))];
        lastBytes = [.. ByteCharacters().Select(character => IdOf(character + EndOfWord))];
        var pairs = new Dictionary<(int, int), (int, int)>();
        foreach (var merge in merges)
        {
            var halves = merge.Split(' ');
            if (halves.Length != 2) throw new ImgAlignException($"{path}: merges.txt beside it has the line '{merge}', but two tokens are expected; download the file again.");
            pairs.TryAdd((IdOf(halves[0]), IdOf(halves[1])), (pairs.Count, IdOf(halves[0] + halves[1])));
        }
        merger = new PairMerger(pairs);
    }

    /// <summary>Reads <c>vocab.json</c> and <c>merges.txt</c>.</summary>
    /// <exception cref="ImgAlignException">A file is missing, malformed, or does not fit the other.</exception>
    public static ClipVocabulary Read(string folder)
    {
        var path = Path.Combine(folder, "vocab.json");
        var mergesPath = Path.Combine(folder, "merges.txt");
        var ids = ConfigFile.Read<Dictionary<string, int>>(path);
        if (!File.Exists(mergesPath)) throw new ImgAlignException($"{mergesPath}: the file is missing; a CLIP tokenizer has vocab.json and merges.txt.");
        return new ClipVocabulary(path, ids, File.ReadLines(mergesPath).Where(line => line.Length > 0 && !line.StartsWith("#version", StringComparison.Ordinal)));
    }

    /// <summary>The id of a token.</summary>
    /// <exception cref="ImgAlignException">The vocabulary does not have it.</exception>
    public int IdOf(string token) => ids.TryGetValue(token, out var id)
        ? id
        : throw new ImgAlignException($"{path}: the token '{token}' is missing; take vocab.json, merges.txt and tokenizer_config.json from one and the same folder.");

    /// <summary>The ids of one word, which is normalised already and not empty.</summary>
    public IEnumerable<int> Encode(ReadOnlySpan<char> word)
    {
        var utf8 = new byte[Encoding.UTF8.GetByteCount(word)];
        Encoding.UTF8.GetBytes(word, utf8);
        var symbols = Array.ConvertAll(utf8, value => bytes[value]);
        symbols[^1] = lastBytes[utf8[^1]];
        return merger.Merge(symbols);
    }

    // GPT-2's printable character for each byte: itself where it is printable, else the next free one from U+0100 on.
    internal static IEnumerable<char> ByteCharacters()
    {
        var free = '\u0100';
        for (var value = 0; value < 256; value++)
            yield return value is >= '!' and <= '~' or >= 0xA1 and <= 0xAC or >= 0xAE ? (char)value : free++;
    }
}
