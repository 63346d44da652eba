using System.Text.RegularExpressions;

namespace ImgAlign.Tokenizers;

/// <summary>Strings that stand for one token wherever they occur in a text, such as <c>&lt;/s&gt;</c>.</summary>
internal sealed class SpecialTokens
{
    private readonly Dictionary<string, int> ids;
    private readonly Regex? any;

    /// <summary>Takes the strings and their ids.</summary>
    public SpecialTokens(IEnumerable<KeyValuePair<string, int>> tokens)
    {
        ids = new(tokens);
        if (ids.Count == 0)
            return;
        // Leftmost first; of those that begin at the same place, the longest.
        any = new Regex(
            string.Join('|', ids.Keys.OrderByDescending(token => token.Length).Select(Regex.Escape)),
            RegexOptions.CultureInvariant
        );
    }

    /// <summary>The first of them that occurs in a text, or null.</summary>
    public string? Find(string text) => any?.Match(text) is { Success: true } match ? match.Value : null;

    /// <summary>Cuts a text into the special tokens in it (with an id) and what stands between them (without one; never empty).</summary>
    public IEnumerable<(string Text, int? Id)> Split(string text)
    {
        var start = 0;
        for (var match = any?.Match(text); match is { Success: true }; match = match.NextMatch())
        {
            if (match.Index > start)
                yield return (text[start..match.Index], null);
            yield return (match.Value, ids[match.Value]);
            start = match.Index + match.Length;
        }
        if (start < text.Length)
            yield return (text[start..], null);
    }
}
