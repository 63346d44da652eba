using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace ImgAlign.Tokenizers;

/// <summary>
/// The notation of weights in prompts that AUTOMATIC1111's web UI has made common: <c>(word)</c> counts 1.1 times as much, <c>[word]</c> as
/// much less, <c>(word:1.3)</c> 1.3 times; <c>BREAK</c> begins a new chunk, and a backslash before a bracket makes it text. Weights of
/// nested brackets multiply.
/// </summary>
public static partial class PromptNotation
{
    private const double RoundFactor = 1.1;
    private const double SquareFactor = 1 / 1.1;

    // Python's, which the reference is written in: it counts four more control characters than .NET.
    private const string Space = @"[\s\x1C-\x1F]*";
    private static readonly char[] SpaceCharacters =
    [
        .. Enumerable
            .Range(0, char.MaxValue)
            .Select(static code => (char)code)
            .Where(static c => char.IsWhiteSpace(c) || c is >= '\x1C' and <= '\x1F'),
    ];

    /// <summary>Takes a prompt apart. Nothing is wrong: what is not notation is text.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <returns>At least one fragment; neighbours of equal weight are one.</returns>
    public static IReadOnlyList<PromptFragment> Parse(string prompt)
    {
        ArgumentNullException.ThrowIfNull(prompt);
        var pieces = new List<PromptFragment>();
        Stack<int> round = [],
            square = []; // where what is open begins
        foreach (Match token in Token().Matches(prompt))
        {
            if (token.Value is "(")
                round.Push(pieces.Count);
            else if (token.Value is "[")
                square.Push(pieces.Count);
            else if (token.Groups["weight"] is { Success: true } weight && round.Count > 0)
                Multiply(pieces, round.Pop(), double.Parse(weight.ValueSpan, NumberStyles.Float, CultureInfo.InvariantCulture));
            else if (token.Value is ")" && round.Count > 0)
                Multiply(pieces, round.Pop(), RoundFactor);
            else if (token.Value is "]" && square.Count > 0)
                Multiply(pieces, square.Pop(), SquareFactor);
            else if (token.Value[0] == '\\')
                pieces.AddRange(token.Value[1..].Select(static character => new PromptFragment(character.ToString(), 1)));
            else
                AddText(pieces, token.Value);
        }
        // What was never closed counts as closed at the end, in the order of opening.
        foreach (var start in round.Reverse())
            Multiply(pieces, start, RoundFactor);
        foreach (var start in square.Reverse())
            Multiply(pieces, start, SquareFactor);
        return Join(pieces);
    }

    /// <summary>The words of a prompt without the notation, for those who read it as text.</summary>
    /// <param name="prompt">The prompt.</param>
    public static string PlainText(string prompt) =>
        string.Concat(Parse(prompt).Select(static fragment => fragment.Weight is null ? " " : fragment.Text)).Trim();

    private static void AddText(List<PromptFragment> pieces, string text)
    {
        var parts = Break().Split(text);
        for (var i = 0; i < parts.Length; i++)
        {
            if (i > 0)
            {
                pieces.Add(PromptFragment.Break);
                parts[i] = parts[i].TrimStart(SpaceCharacters);
            }
            pieces.Add(new(i < parts.Length - 1 ? parts[i].TrimEnd(SpaceCharacters) : parts[i], 1));
        }
    }

    private static void Multiply(List<PromptFragment> pieces, int start, double factor)
    {
        for (var i = start; i < pieces.Count; i++)
            pieces[i] = pieces[i] with { Weight = pieces[i].Weight * factor }; // a break has none
    }

    private static List<PromptFragment> Join(List<PromptFragment> pieces)
    {
        var joined = new List<PromptFragment>();
        var text = new StringBuilder();
        foreach (var (index, piece) in pieces.Index())
        {
            text.Append(piece.Text);
            if (piece.Weight is not null && index + 1 < pieces.Count && pieces[index + 1].Weight == piece.Weight)
                continue;
            joined.Add(piece with { Text = text.ToString() });
            text.Clear();
        }
        return joined.Count > 0 ? joined : [new("", 1)];
    }

    [GeneratedRegex(
        @"\\[()\[\]\\]?|[(\[]|:" + Space + @"(?<weight>[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))" + Space + @"\)|[)\]]|[^\\()\[\]:]+|:",
        RegexOptions.CultureInvariant
    )]
    private static partial Regex Token();

    [GeneratedRegex(@"(?<![\p{L}\p{N}_])BREAK(?![\p{L}\p{N}_])", RegexOptions.CultureInvariant)]
    private static partial Regex Break();
}
