using Spectre.Console;

namespace ImgAlign.Cli;

/// <summary>Prints text that comes from files and models.</summary>
internal static class UntrustedText
{
    /// <summary>Writes a line in which control characters, which could steer the terminal, are replaced.</summary>
    public static void WriteText(this IAnsiConsole console, string text) =>
        console.WriteLine(string.Concat(text.Select(static character => char.IsControl(character) ? '\uFFFD' : character)));
}
