using System.Diagnostics;

namespace ImgAlign.Tests.Training.Parallel;

/// <summary>Starts programs of .NET by Open MPI's <c>mpirun</c>.</summary>
internal static class MpiRun
{
    public const string Program = "mpirun";

    /// <summary>The tool.</summary>
    public static string Tool => Path.Combine(AppContext.BaseDirectory, "ImgAlign.Cli.dll");

    /// <summary>The tests' own child program.</summary>
    public static string Child => Path.Combine(AppContext.BaseDirectory, "ImgAlign.Tests.dll");

    /// <summary>Runs some processes of a program to their end.</summary>
    public static async Task<(int ExitCode, string Text)> RunAsync(int processes, string program, params IEnumerable<string> arguments)
    {
        using var process = Start(processes, program, arguments);
        return await FinishAsync(process);
    }

    /// <summary>Starts them; <c>mpirun</c> writes what they say to its standard output and error.</summary>
    public static Process Start(int processes, string program, params IEnumerable<string> arguments)
    {
        // Containers run as root and have few processors.
        string[] own = ["--allow-run-as-root", "--oversubscribe", "-n", $"{processes}", "dotnet", "exec", program];
        return Start(Program, [.. own, .. arguments]);
    }

    /// <summary>Starts one of several processes, or what starts them all; <paramref name="environment"/> is added to that of the tests.</summary>
    public static Process Start(string program, IEnumerable<string> arguments, params IEnumerable<(string Name, string Value)> environment)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        // As torchrun has it: threads of more processes than there are cores wait for each other at full speed.
        foreach (var (name, value) in environment.Prepend(("OMP_NUM_THREADS", "1")))
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    /// <summary>Waits for their end, and gives all that they wrote.</summary>
    public static async Task<(int ExitCode, string Text)> FinishAsync(Process process)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(5));
        var (output, error) = (process.StandardOutput.ReadToEndAsync(patience.Token), process.StandardError.ReadToEndAsync(patience.Token));
        try
        {
            await process.WaitForExitAsync(patience.Token);
            return (process.ExitCode, await output + await error);
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }
    }
}
