using static ImgAlign.Tokenizers.CharacterKinds;

namespace ImgAlign.Tokenizers;

/// <summary>How Qwen cuts a text into words before it merges bytes.</summary>
internal static class QwenWords
{
    /// <summary>The regular expression that is meant, as <c>tokenizer.json</c> has it.</summary>
    public const string Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private static readonly string[] Contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"];

    /// <summary>Cuts a text, of which nothing is left out.</summary>
    /// <param name="text">The text; it has no half surrogate pairs.</param>
    public static IEnumerable<Range> Split(string text)
    {
        for (var start = 0; start < text.Length; )
        {
            var end = WordEnd(text, start);
            yield return start..end;
            start = end;
        }
    }

    // The alternatives of the pattern, in its order.
    private static int WordEnd(string text, int start)
    {
        if (Array.Find(Contractions, contraction => IsAt(text, start, contraction)) is { } found)
            return start + found.Length;

        var (kind, next) = (At(text, start), After(text, start));
        if (kind == CharacterKind.Letter)
            return Skip(text, next, CharacterKind.Letter);
        if (kind == CharacterKind.Number)
            return next;

        var letters = IsLineBreak(text[start]) ? next : Skip(text, next, CharacterKind.Letter);
        if (letters > next)
            return letters;

        var firstSign = text[start] == ' ' ? next : start;
        var signs = Skip(text, firstSign, CharacterKind.Other);
        if (signs > firstSign)
            return SkipLineBreaks(text, signs);

        return SpaceEnd(text, start);
    }

    // Up to the last line break; without one, all but the last space, which goes with the word behind it.
    private static int SpaceEnd(string text, int start)
    {
        var end = Skip(text, start, CharacterKind.Space);
        var lineBreak = text.AsSpan(start, end - start).LastIndexOfAny('\r', '\n');
        if (lineBreak >= 0)
            return start + lineBreak + 1;
        return end == text.Length ? end : Math.Max(end - 1, start + 1);
    }

    private static int SkipLineBreaks(string text, int index)
    {
        while (index < text.Length && IsLineBreak(text[index]))
            index++;
        return index;
    }

    private static bool IsLineBreak(char character) => character is '\r' or '\n';

    private static bool IsAt(string text, int start, string contraction) =>
        start + contraction.Length <= text.Length && contraction.Index().All(pair => Fold(text[start + pair.Index]) == pair.Item);

    // Without regard to case, the long s is an s too.
    private static char Fold(char character) => character == '\u017F' ? 's' : char.ToLowerInvariant(character);
}
