using System.Globalization;
using System.Text;

namespace ImgAlign.Tokenizers;

/// <summary>What tokenizers tell characters apart by.</summary>
internal enum CharacterKind
{
    /// <summary><c>\s</c>.</summary>
    Space,

    /// <summary><c>\p{L}</c>.</summary>
    Letter,

    /// <summary><c>\p{N}</c>.</summary>
    Number,

    /// <summary>All others.</summary>
    Other,
}

/// <summary>Classes of characters by code points: those of .NET's regular expressions see only halves of what lies beyond U+FFFF.</summary>
internal static class CharacterKinds
{
    /// <summary>The kind of the character that begins at a place; the text has no half surrogate pairs.</summary>
    public static CharacterKind At(string text, int index)
    {
        var rune = Rune.GetRuneAt(text, index);
        if (Rune.IsWhiteSpace(rune))
            return CharacterKind.Space;
        return Rune.GetUnicodeCategory(rune) switch
        {
            <= UnicodeCategory.OtherLetter => CharacterKind.Letter, // Lu, Ll, Lt, Lm, Lo
            UnicodeCategory.DecimalDigitNumber or UnicodeCategory.LetterNumber or UnicodeCategory.OtherNumber => CharacterKind.Number,
            _ => CharacterKind.Other,
        };
    }

    /// <summary>Where the character that begins at a place ends.</summary>
    public static int After(string text, int index) => index + Rune.GetRuneAt(text, index).Utf16SequenceLength;

    /// <summary>Where a run of characters of one kind ends, which may be where it should begin.</summary>
    public static int Skip(string text, int index, CharacterKind kind)
    {
        while (index < text.Length && At(text, index) == kind)
            index = After(text, index);
        return index;
    }
}
