using System.ComponentModel;
using System.Diagnostics;

namespace ImgAlign.Benchmarks;

/// <summary>Runs in processes of their own, so that the memory and the threads of one do not count for the next: this program, with other
/// arguments.</summary>
internal static class OwnProcesses
{
    private const string Mpi = "mpirun";

    /// <summary>One process.</summary>
    /// <param name="arguments">What this program is called with.</param>
    /// <exception cref="ImgAlignException">It failed.</exception>
    public static void Run(params IEnumerable<string> arguments) => Run(ThisProgram.Command(typeof(OwnProcesses).Assembly, arguments));

    /// <summary>Several that train together, by Open MPI.</summary>
    /// <param name="count">How many.</param>
    /// <param name="placement">Options of <c>mpirun</c> that say where they run.</param>
    /// <param name="arguments">What this program is called with.</param>
    /// <exception cref="ImgAlignException">They failed, or there is no <c>mpirun</c>.</exception>
    public static void RunTogether(int count, IEnumerable<string> placement, params IEnumerable<string> arguments)
    {
        var program = ThisProgram.Command(typeof(OwnProcesses).Assembly, arguments);
        try
        {
            // Containers run as root.
            Run([Mpi, "--allow-run-as-root", .. placement, "-n", $"{count}", .. program]);
        }
        catch (Win32Exception exception)
        {
            throw new ImgAlignException(
                $"{Mpi}, which starts processes that train together, cannot be run; install Open MPI (Debian: openmpi-bin).",
                exception
            );
        }
    }

    private static void Run(IReadOnlyList<string> command)
    {
        using var process = Process.Start(command[0], command.Skip(1));
        process.WaitForExit();
        if (process.ExitCode != 0)
            throw new ImgAlignException(
                $"{Path.GetFileName(command[0])} has ended with exit code {process.ExitCode}; what was wrong is said above."
            );
    }
}
