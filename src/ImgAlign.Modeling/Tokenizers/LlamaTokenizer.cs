using System.Text;
using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Tokenizers;

/// <summary>
/// LLaMA's tokenizer: sentencepiece's byte-pair encoding over the pieces of <c>tokenizer.model</c> or <c>tokenizer.json</c>, with unknown
/// characters as bytes. Equal to transformers' slow <c>LlamaTokenizer</c>, the one that LLaVA-1.5 uses. Safe for use by many threads.
/// </summary>
public sealed class LlamaTokenizer
{
    private const char Space = '\u2581'; // ▁ stands for a space, and before every text

    private readonly string[] pieces;
    private readonly Dictionary<string, int> ids;
    private readonly int firstByte;
    private readonly SpecialTokens special;
    private readonly PairMerger merger;

    private LlamaTokenizer(string path, string[] pieces, bool legacy, IReadOnlyList<(string Left, string Right)>? merges)
    {
        this.pieces = pieces;
        firstByte = Array.IndexOf(pieces, ByteName(0));
        if (firstByte < 0 || !Enumerable.Range(0, 256).All(value => pieces.ElementAtOrDefault(firstByte + value) == ByteName(value)))
            throw new ImgAlignException(
                $"{path}: the 256 pieces <0x00> to <0xFF> are missing; this is not the tokenizer of a LLaMA model."
            );
        (BeginId, EndId, UnknownId, Legacy) = (IdOf("<s>"), IdOf("</s>"), IdOf("<unk>"), legacy);
        int[] controls = [BeginId, EndId, UnknownId];
        special = new SpecialTokens(controls.Select(id => KeyValuePair.Create(pieces[id], id)));

        // Bytes and control pieces are never found in a text, whatever it says.
        ids = Enumerable.Range(0, pieces.Length).Where(id => !IsByte(id) && !controls.Contains(id)).ToDictionary(id => pieces[id]);
        merger = new PairMerger(merges is null ? Pairs() : Pairs(merges, path));

        static string ByteName(int value) => $"<0x{value:X2}>";

        int IdOf(string piece) =>
            Array.IndexOf(pieces, piece) is >= 0 and var id
                ? id
                : throw new ImgAlignException($"{path}: the piece {piece} is missing; this is not the tokenizer of a LLaMA model.");
    }

    /// <summary>Reads <c>tokenizer.model</c>, or <c>tokenizer.json</c> where that is not there, and <c>legacy</c> from
    /// <c>tokenizer_config.json</c>.</summary>
    /// <param name="folder">The folder of the language model.</param>
    /// <exception cref="ImgAlignException">The file is missing, malformed, or not a LLaMA tokenizer.</exception>
    public static LlamaTokenizer Load(string folder)
    {
        var configPath = Path.Combine(folder, "tokenizer_config.json");
        var legacy = File.Exists(configPath) ? ConfigFile.Read<Config>(configPath).Legacy : null;
        var (model, json) = (Path.Combine(folder, "tokenizer.model"), Path.Combine(folder, "tokenizer.json"));
        if (File.Exists(model))
            return LoadModel(model, legacy ?? true);
        if (File.Exists(json))
            return LoadJson(json, legacy);
        throw new ImgAlignException(
            $"{model}: the file is missing, and so is tokenizer.json; take either from the published LLaVA-1.5 or LLaMA model."
        );
    }

    /// <summary>The number of pieces, 32,000 for LLaMA; what llava-hf adds to them is not counted.</summary>
    public int VocabularySize => pieces.Length;

    /// <summary>The id of <c>&lt;s&gt;</c>.</summary>
    public int BeginId { get; }

    /// <summary>The id of <c>&lt;/s&gt;</c>.</summary>
    public int EndId { get; }

    /// <summary>The id of <c>&lt;unk&gt;</c>.</summary>
    public int UnknownId { get; }

    /// <summary>Whether what follows a special token begins with a <c>▁</c> of its own, as <c>tokenizer_config.json</c> says.</summary>
    public bool Legacy { get; }

    /// <summary>The first of the strings <c>&lt;s&gt;</c>, <c>&lt;/s&gt;</c> and <c>&lt;unk&gt;</c> in a text, or null.</summary>
    /// <param name="text">Any text.</param>
    public string? FindControl(string text) => special.Find(text);

    /// <summary>The ids of a text. The strings <c>&lt;s&gt;</c>, <c>&lt;/s&gt;</c> and <c>&lt;unk&gt;</c> in it become their ids.</summary>
    /// <param name="text">Any text; the empty one has no ids of its own.</param>
    /// <param name="addBos">Whether <see cref="BeginId"/> comes first.</param>
    /// <param name="legacy">In place of <see cref="Legacy"/>; null: as the folder says.</param>
    public IReadOnlyList<int> Encode(string text, bool addBos = true, bool? legacy = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        var result = new List<int>();
        if (addBos)
            result.Add(BeginId);
        var withPrefix = true;
        foreach (var (part, id) in special.Split(text))
        {
            if (id is { } found)
                result.Add(found);
            else
                EncodePart(withPrefix ? Space + part : part, result);
            withPrefix = legacy ?? Legacy;
        }
        return result;
    }

    /// <summary>The text of ids. Special tokens, and ids beyond the vocabulary, give nothing; broken UTF-8 gives U+FFFD.</summary>
    /// <param name="tokens">The ids.</param>
    public string Decode(IEnumerable<int> tokens)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        var utf8 = new List<byte>();
        foreach (var id in tokens)
        {
            if (IsByte(id))
                utf8.Add((byte)(id - firstByte));
            else if (id >= 0 && id < pieces.Length && ids.ContainsKey(pieces[id]))
                utf8.AddRange(Encoding.UTF8.GetBytes(pieces[id].Replace(Space, ' ')));
        }
        var text = Encoding.UTF8.GetString([.. utf8]);
        return text.StartsWith(' ') ? text[1..] : text;
    }

    private static LlamaTokenizer LoadModel(string path, bool legacy)
    {
        var model = SentencePieceModel.Load(path, PieceAlgorithm.BytePair);
        var scores = model.Pieces.Where(static piece => piece.Kind == (int)PieceKind.Normal).Select(static piece => piece.Score).ToList();
        if (scores.Zip(scores.Skip(1)).Any(static pair => pair.Second >= pair.First))
            throw new ImgAlignException(
                $"{path}: the scores of its pieces do not fall from each to the next; this is not the tokenizer of a LLaMA model."
            );
        return new LlamaTokenizer(path, [.. model.Pieces.Select(static piece => piece.Text)], legacy, merges: null);
    }

    private static LlamaTokenizer LoadJson(string path, bool? legacy)
    {
        var content = ConfigFile.Read<Content>(path);
        var file = BytePairFile.FromJson(content.Model, path, byteFallback: true);
        if (file.Ids.Values.Distinct().Count() < file.Ids.Count || file.Ids.Values.Any(id => id < 0 || id >= file.Ids.Count))
            throw new ImgAlignException($"{path}: the ids of the vocabulary do not count from 0 without gaps; download the file again.");
        // Where only the first part of a text begins with a space, special tokens are not followed by one.
        var scheme =
            content.PreTokenizer is { ValueKind: JsonValueKind.Object } parts && parts.TryGetProperty("prepend_scheme", out var value)
                ? value.GetString()
                : "always";
        if (scheme is not ("always" or "first"))
            throw new ImgAlignException(
                $"{path}: prepend_scheme '{scheme}' is not that of a LLaMA tokenizer, always or first; this is the tokenizer of "
                    + "another model."
            );
        return new LlamaTokenizer(
            path,
            [.. file.Ids.OrderBy(static pair => pair.Value).Select(static pair => pair.Key)],
            legacy ?? scheme == "always",
            file.Merges
        );
    }

    private sealed record Config
    {
        public bool? Legacy { get; init; }
    }

    // Of tokenizer.json.
    private sealed record Content
    {
        public JsonElement Model { get; init; }
        public JsonElement PreTokenizer { get; init; }
    }

    private bool IsByte(int id) => id >= firstByte && id < firstByte + 256;

    private void EncodePart(string text, List<int> result)
    {
        var symbols = text.Replace(' ', Space).EnumerateRunes().Select(rune => SymbolOf(rune)).ToArray();
        foreach (var symbol in merger.Merge(symbols))
        {
            if (symbol >= 0)
                result.Add(symbol);
            else
                result.AddRange(Encoding.UTF8.GetBytes(new Rune(~symbol).ToString()).Select(value => firstByte + value));
        }
    }

    // A character's piece, or the complement of its code point if it is none by itself.
    private int SymbolOf(Rune rune) => ids.TryGetValue(rune.ToString(), out var id) ? id : ~rune.Value;

    // The merges as they are listed, the first one first.
    private Dictionary<(int, int), (int, int)> Pairs(IReadOnlyList<(string Left, string Right)> merges, string path)
    {
        var pairs = new Dictionary<(int, int), (int, int)>();
        foreach (var (left, right) in merges)
            pairs.TryAdd((IdOf(left), IdOf(right)), (pairs.Count, IdOf(left + right)));
        return pairs;

        int IdOf(string piece) =>
            ids.TryGetValue(piece, out var id)
                ? id
                : throw new ImgAlignException($"{path}: a merge needs the piece '{piece}', which is missing; download the file again.");
    }

    // Every cut of a piece in two is a pair that becomes it. The pieces stand in the order of their scores, so ids are ranks.
    private Dictionary<(int, int), (int, int)> Pairs()
    {
        var pairs = new Dictionary<(int, int), (int, int)>();
        foreach (var (piece, id) in ids)
        {
            for (var cut = 1; cut < piece.Length; cut++)
                if (Half(piece[..cut]) is { } left && Half(piece[cut..]) is { } right)
                    pairs[(left, right)] = (id, id);
        }
        return pairs;

        int? Half(string half)
        {
            if (ids.TryGetValue(half, out var id))
                return id;
            return Rune.TryGetRuneAt(half, 0, out var rune) && rune.Utf16SequenceLength == half.Length ? ~rune.Value : null;
        }
    }
}
