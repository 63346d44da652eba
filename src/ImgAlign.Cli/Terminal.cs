using Spectre.Console;

namespace ImgAlign.Cli;

/// <summary>Where a command writes: results to <see cref="Out"/>, progress and messages to <see cref="Error"/>.</summary>
/// <param name="Out">Standard output; plain text without control sequences when it is redirected.</param>
/// <param name="Error">Standard error; likewise.</param>
internal sealed record Terminal(IAnsiConsole Out, IAnsiConsole Error)
{
    // Far beyond any line that is printed: a redirected line is never wrapped.
    private const int UnlimitedWidth = 1 << 16;

    /// <summary>Wraps two writers; those of the console get colours where the terminal has them.</summary>
    public static Terminal Create(TextWriter output, TextWriter error) =>
        new(
            Wrap(output, output == Console.Out && !Console.IsOutputRedirected),
            Wrap(error, error == Console.Error && !Console.IsErrorRedirected)
        );

    private static IAnsiConsole Wrap(TextWriter writer, bool interactive)
    {
        var console = AnsiConsole.Create(
            new AnsiConsoleSettings
            {
                Out = new AnsiConsoleOutput(writer),
                Ansi = interactive ? AnsiSupport.Detect : AnsiSupport.No,
                ColorSystem = interactive ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
                Interactive = interactive ? InteractionSupport.Detect : InteractionSupport.No,
            }
        );
        if (!interactive)
            console.Profile.Width = UnlimitedWidth;
        return console;
    }
}
