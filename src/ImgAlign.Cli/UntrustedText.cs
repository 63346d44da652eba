using System.Globalization;
using System.Text;
using Spectre.Console;

namespace ImgAlign.Cli;

/// <summary>Prints text that comes from users, files and models.</summary>
internal static class UntrustedText
{
    /// <summary>Writes a line in which characters that could steer the terminal are escaped.</summary>
    public static void WriteText(this IAnsiConsole console, string text) => console.WriteLine(Escape(text));

    /// <summary>Writes a line for each warning of a result.</summary>
    /// <param name="console">Where to.</param>
    /// <param name="warnings">The warnings.</param>
    /// <param name="known">Those that were written before, which are not written again.</param>
    public static void WriteWarnings(this IAnsiConsole console, IReadOnlyList<string> warnings, ISet<string> known)
    {
        foreach (var warning in warnings.Where(known.Add))
            console.WriteText($"warning: {warning}");
    }

    /// <summary>
    /// The text with control characters, line separators and marks that turn the direction of writing as C# escapes: a line break is
    /// <c>\n</c>, an escape character <c>\u001B</c>.
    /// </summary>
    public static string Escape(string text)
    {
        var escaped = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            _ = character switch
            {
                '\n' => escaped.Append(@"\n"),
                '\r' => escaped.Append(@"\r"),
                '\t' => escaped.Append(@"\t"),
                _ when Steers(character) => escaped.Append(CultureInfo.InvariantCulture, $@"\u{(int)character:X4}"),
                _ => escaped.Append(character),
            };
        }
        return escaped.ToString();
    }

    private static bool Steers(char character) =>
        char.IsControl(character)
        || character
            is '\u2028'
                or '\u2029'
                or (>= '\u200E' and <= '\u200F')
                or (>= '\u202A' and <= '\u202E')
                or (>= '\u2066' and <= '\u2069');
}
