using System.CommandLine;
using System.CommandLine.Parsing;
using ImgAlign.Cli.Align;
using ImgAlign.Cli.Commands;
using ImgAlign.Hub;
using ImgAlign.Training;
using Microsoft.Extensions.Options;
using Spectre.Console;

namespace ImgAlign.Cli;

/// <summary>The tool <c>imgalign</c>: its commands, and how an error becomes one sentence and an exit code.</summary>
internal static class CommandLineProgram
{
    private const int Failed = 1;
    private const int Interrupted = 130;

    // What an IOException says where a disk is full: ENOSPC, and ERROR_DISK_FULL as a result code.
    private const int DiskFull = 28;
    private const int DiskFullOnWindows = unchecked((int)0x80070070);

    private static readonly Option<bool> Verbose = new("--verbose") { Description = "Show the details of an error.", Recursive = true };

    /// <summary>Runs one command line.</summary>
    /// <param name="arguments">The words after the program's name.</param>
    /// <param name="output">Results.</param>
    /// <param name="error">Progress and errors.</param>
    /// <param name="cancellationToken">Stops the command after its current step.</param>
    /// <returns>0, 1 on a failure, or 130 when it was stopped.</returns>
    public static async Task<int> RunAsync(string[] arguments, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        var terminal = Terminal.Create(output, error);
        var root = new RootCommand("Implicit Multimodal Guidance: repairs image-text misalignment of diffusion models.")
        {
            AlignCommand.Create(terminal),
            DoctorCommand.Create(terminal),
            EvaluateCommand.Create(terminal),
            FeaturesCommand.Create(terminal),
            GenerateCommand.Create(terminal),
            InspectCommand.Create(terminal),
            PairsCommand.Create(terminal),
            PullCommand.Create(terminal),
            ServeCommand.Create(terminal),
            TrainCommand.Create(terminal),
            VerifyCommand.Create(terminal),
            WorkCommand.Create(terminal),
            WorldCommand.Create(terminal),
            Verbose,
        };
        // Text is text: an argument that begins with @ names no file of further arguments.
        var parsed = root.Parse(
            arguments.Length == 0 ? ["--help"] : arguments,
            new ParserConfiguration { ResponseFileTokenReplacer = null }
        );
        if (WrongUse(parsed) is { Count: > 0 } mistakes)
        {
            foreach (var mistake in mistakes)
                terminal.Error.WriteText(mistake);
            return Failed;
        }
        var configuration = new InvocationConfiguration
        {
            Output = output,
            Error = error,
            EnableDefaultExceptionHandler = false,
            ProcessTerminationTimeout = null,
        };
        try
        {
            return await parsed.InvokeAsync(configuration, cancellationToken);
        }
        catch (OperationCanceledException exception)
            when (cancellationToken.IsCancellationRequested || exception is TrainingStoppedException)
        {
            terminal.Error.WriteLine("Stopped.");
            return Interrupted;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            foreach (var line in parsed.GetValue(Verbose) ? exception.ToString().Split(Environment.NewLine) : [OneSentence(exception)])
                terminal.Error.WriteText(line);
            return Failed;
        }
    }

    /// <summary>Whether a word was meant as an option: it begins with a dash and has no blanks.</summary>
    public static bool LooksLikeOption(string word) => word.Length > 1 && word[0] == '-' && !word.Any(char.IsWhiteSpace);

    // The parser takes an option that it does not know for an argument; only what comes after -- may look like one.
    private static List<string> WrongUse(ParseResult parsed)
    {
        var words = parsed
            .Tokens.TakeWhile(static token => token.Type != TokenType.DoubleDash)
            .Select(static token => token.Value)
            .ToHashSet();
        var arguments = parsed
            .CommandResult.Children.OfType<ArgumentResult>()
            .SelectMany(static argument => argument.Tokens)
            .Select(static token => token.Value);
        var unknown = arguments.Concat(parsed.UnmatchedTokens).Where(word => LooksLikeOption(word) && words.Contains(word)).ToList();
        return unknown.Count == 0
            ? [.. parsed.Errors.Select(static error => error.Message).Distinct()]
            :
            [
                $"{unknown[0]} is not an option of {parsed.CommandResult.Command.Name}; see --help, or write -- before text "
                    + "that begins with a dash.",
            ];
    }

    /// <summary>An error in one sentence.</summary>
    public static string OneSentence(Exception exception) =>
        exception switch
        {
            InvalidRequestException request => RequestWords.ForOptions(request),
            IOException { HResult: DiskFull or DiskFullOnWindows } =>
                $"{exception.Message.TrimEnd('.')}; free some space, or write to another folder.",
            ImgAlignException
            or HubException
            or OptionsValidationException
            or IOException
            or UnauthorizedAccessException
            or ArgumentException => exception.Message,
            _ => $"{exception.GetType().Name}: {FirstLine(exception.Message)} (--verbose shows where)",
        };

    private static string FirstLine(string text) => text.Split('\n', 2)[0].TrimEnd();
}
