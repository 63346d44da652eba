using System.Net;
using System.Text;

namespace ImgAlign.Tokenizers;

/// <summary>
/// What OpenCLIP's tokenizer makes of a text before it cuts it into words: ftfy's repairs, HTML entities as their characters, one space for
/// all white space, lower case. Of text that was decoded by the wrong character set, UTF-8 that was taken for Windows-1252 as a whole is
/// repaired; what ftfy guesses beyond that is left as it is.
/// </summary>
internal static class OpenClipText
{
    // U+FF61 to U+FF9F, the narrow forms of Japanese.
    private const string Katakana =
        "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテト"
        + "ナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン\u3099\u309A";

    // What Windows-1252 has from 0x80 on, where Unicode has control characters.
    private const string Windows1252 = "€\u0081‚ƒ„…†‡ˆ‰Š‹Œ\u008DŽ\u008F\u0090‘’“”•–—˜™š›œ\u009DžŸ";

    private const char FirstOfWindows1252 = '\u0080';

    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly Dictionary<char, string> Ligatures = new()
    {
        ['Ĳ'] = "IJ",
        ['ĳ'] = "ij",
        ['ŉ'] = "ʼn",
        ['Ǆ'] = "DŽ",
        ['ǅ'] = "Dž",
        ['ǆ'] = "dž",
        ['Ǉ'] = "LJ",
        ['ǈ'] = "Lj",
        ['ǉ'] = "lj",
        ['Ǌ'] = "NJ",
        ['ǋ'] = "Nj",
        ['ǌ'] = "nj",
        ['Ǳ'] = "DZ",
        ['ǲ'] = "Dz",
        ['ǳ'] = "dz",
        ['ﬀ'] = "ff",
        ['ﬁ'] = "fi",
        ['ﬂ'] = "fl",
        ['ﬃ'] = "ffi",
        ['ﬄ'] = "ffl",
        ['ﬅ'] = "ſt",
        ['ﬆ'] = "st",
    };

    /// <summary>Cleans a text.</summary>
    public static string Clean(string text)
    {
        var plain = WebUtility.HtmlDecode(WebUtility.HtmlDecode(Repair(text)));
        return ClipTokenizer.Normalize(plain).Trim(' ');
    }

    // ftfy.fix_text: again and again, until nothing changes. Text with tags is taken for HTML that is to stay as it is.
    private static string Repair(string text)
    {
        var hasTags = text.Contains('<');
        for (var before = ""; text != before; )
        {
            before = text;
            if (!hasTags)
                text = WebUtility.HtmlDecode(text);
            text = Redecode(text);
            var result = new StringBuilder(text.Length);
            foreach (var character in text)
                result.Append(Repair(character));
            text = CanonicalForms.Compose(result.ToString());
        }
        return text;
    }

    // "cafÃ©": characters that are, as bytes, valid UTF-8 were hardly meant as they stand.
    private static string Redecode(string text)
    {
        if (Ascii.IsValid(text) || text.Any(static character => ByteOf(character) < 0))
            return text;
        try
        {
            return Utf8.GetString([.. text.Select(static character => (byte)ByteOf(character))]);
        }
        catch (DecoderFallbackException)
        {
            return text;
        }
    }

    // The byte of a character in Windows-1252; -1 where it has none.
    private static int ByteOf(char character) =>
        character <= '\u00FF' ? character
        : Windows1252.IndexOf(character, StringComparison.Ordinal) is >= 0 and var place ? FirstOfWindows1252 + place
        : -1;

    private static string Repair(char character) =>
        character switch
        {
            >= '\u0080' and <= '\u009F' => Windows1252[character - FirstOfWindows1252].ToString(),
            'ʼ' or (>= '‘' and <= '‛') => "'",
            >= '“' and <= '‟' => "\"",
            '\u3000' => " ",
            >= '\uFF01' and <= '\uFF5E' => ((char)(character - '\uFF01' + '!')).ToString(),
            >= '\uFF61' and <= '\uFF9F' => Katakana[character - '\uFF61'].ToString(),
            (<= '\u001F' and not ('\t' or '\n' or '\f' or '\r')) or '\u007F' or (>= '\u206A' and <= '\u206F') or '\uFEFF' => "",
            >= '\uFFF9' and <= '\uFFFC' => "",
            _ => Ligatures.GetValueOrDefault(character) ?? character.ToString(),
        };
}
