using ImgAlign.Cli;

namespace ImgAlign.Tests.Cli;

/// <summary>Runs the tool's command lines in this process, as a shell with redirected output would.</summary>
internal static class Tool
{
    public static async Task<ToolRun> RunAsync(params string[] arguments) => await RunAsync(CancellationToken.None, arguments);

    public static async Task<ToolRun> RunAsync(CancellationToken cancellationToken, params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await CommandLineProgram.RunAsync(arguments, output, error, cancellationToken);
        return new ToolRun(code, output.ToString(), error.ToString());
    }
}

internal sealed record ToolRun(int ExitCode, string Output, string Error)
{
    public IReadOnlyList<string> Lines => Output.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries);
}
