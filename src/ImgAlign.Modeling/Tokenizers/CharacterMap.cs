using System.Buffers;
using System.Buffers.Binary;
using System.Text;

namespace ImgAlign.Tokenizers;

/// <summary>
/// Sentencepiece's compiled table of replacements (<c>precompiled_charsmap</c>), such as <c>nmt_nfkc</c>: NFKC, with control characters
/// removed and all kinds of spaces as one. It holds a trie of what is replaced (a double array of darts-clone), and behind it the
/// replacements, each ended by 0.
/// </summary>
internal sealed class CharacterMap
{
    private readonly uint[] trie = [];
    private readonly byte[] replacements = [];

    /// <summary>Reads a table.</summary>
    /// <param name="compiled">The table; empty for one that replaces nothing.</param>
    /// <param name="path">The file that it is of, for messages.</param>
    /// <exception cref="ImgAlignException">It is malformed.</exception>
    public CharacterMap(ReadOnlySpan<byte> compiled, string path)
    {
        if (compiled.IsEmpty)
            return;
        var trieBytes = compiled.Length > sizeof(uint) ? BinaryPrimitives.ReadUInt32LittleEndian(compiled) : 0;
        if (trieBytes == 0 || trieBytes % sizeof(uint) != 0 || trieBytes > compiled.Length - sizeof(uint))
            throw Malformed();
        trie = new uint[trieBytes / sizeof(uint)];
        for (var i = 0; i < trie.Length; i++)
            trie[i] = BinaryPrimitives.ReadUInt32LittleEndian(compiled[((i + 1) * sizeof(uint))..]);
        replacements = compiled[(sizeof(uint) + (int)trieBytes)..].ToArray();
        if (replacements is not [.., 0] || trie.Any(unit => IsValue(unit) && Value(unit) >= replacements.Length))
            throw Malformed();

        ImgAlignException Malformed() => new($"{path}: precompiled_charsmap is malformed; download the file again.");
    }

    /// <summary>Replaces from left to right, the longest match first. Half a surrogate pair becomes U+FFFD.</summary>
    public string Apply(string text)
    {
        ReadOnlySpan<byte> input = Encoding.UTF8.GetBytes(text);
        var output = new ArrayBufferWriter<byte>(Math.Max(1, input.Length));
        while (!input.IsEmpty)
        {
            if (LongestMatch(input, out var replacement) is > 0 and var length)
            {
                output.Write(replacement);
            }
            else
            {
                Rune.DecodeFromUtf8(input, out _, out length);
                output.Write(input[..length]);
            }
            input = input[length..];
        }
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    // From a unit, a byte leads to the unit at its offset XOR the byte, if that bears the byte as its label. A unit that ends an entry has
    // its value at its offset.
    private int LongestMatch(ReadOnlySpan<byte> input, out ReadOnlySpan<byte> replacement)
    {
        var (longest, value) = (0, 0);
        if (trie.Length > 0)
        {
            var place = Offset(trie[0]);
            for (var i = 0; i < input.Length; i++)
            {
                place ^= input[i];
                if (place >= trie.Length || Label(trie[place]) != input[i])
                    break;
                var unit = trie[place];
                place ^= Offset(unit);
                if (EndsEntry(unit) && place < trie.Length && IsValue(trie[place]))
                    (longest, value) = (i + 1, Value(trie[place]));
            }
        }
        replacement = longest == 0 ? default : replacements.AsSpan(value);
        if (longest > 0)
            replacement = replacement[..replacement.IndexOf((byte)0)];
        return longest;
    }

    private static uint Offset(uint unit) => unit >> 10 << (int)((unit & (1u << 9)) >> 6);

    private static uint Label(uint unit) => unit & (1u << 31 | 0xFF);

    private static bool EndsEntry(uint unit) => (unit & (1u << 8)) != 0;

    private static bool IsValue(uint unit) => unit >> 31 != 0;

    private static int Value(uint unit) => (int)(unit & int.MaxValue);
}
