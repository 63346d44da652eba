using System.CommandLine;
using System.CommandLine.Invocation;
using ImgAlign.Cli.Commands;
using Microsoft.Extensions.Options;
using Spectre.Console;

namespace ImgAlign.Cli;

/// <summary>The tool <c>imgalign</c>: its commands, and how an error becomes one sentence and an exit code.</summary>
internal static class CommandLineProgram
{
    private const int Failed = 1;
    private const int Interrupted = 130;

    private static readonly Option<bool> Verbose = new("--verbose")
    {
        Description = "Show the details of an error.",
        Recursive = true,
    };

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
            InspectCommand.Create(terminal),
            TrainCommand.Create(terminal),
            VerifyCommand.Create(terminal),
            WorldCommand.Create(terminal),
            Verbose,
        };
        var parsed = root.Parse(arguments.Length == 0 ? ["--help"] : arguments);
        if (parsed.Action is ParseErrorAction wrongUse) (wrongUse.ShowHelp, wrongUse.ShowTypoCorrections) = (false, false);
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
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            terminal.Error.WriteLine("Stopped.");
            return Interrupted;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            terminal.Error.WriteLine(parsed.GetValue(Verbose) ? exception.ToString() : OneSentence(exception));
            return Failed;
        }
    }

    private static string OneSentence(Exception exception) => exception switch
    {
        ImgAlignException or OptionsValidationException or IOException or UnauthorizedAccessException or ArgumentException => exception.Message,
        _ => $"{exception.GetType().Name}: {FirstLine(exception.Message)} (--verbose shows where)",
    };

    private static string FirstLine(string text) => text.Split('\n', 2)[0].TrimEnd();
}
