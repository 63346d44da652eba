using System.Diagnostics;
using ImgAlign.Cli;
using ImgAlign.Tests.Checkpoints;

namespace ImgAlign.Tests.Cli;

/// <summary>The tool as a process whose standard streams are closed or full.</summary>
public class StandardStreamsTests
{
    private const string Doctor = "doctor";
    private const string Align = "align 'a red circle left of a blue square' --steps 2 --no-critique --out out";

    [ProgramTheory("sh")]
    [InlineData(Align, "2>&-")]
    [InlineData(Align, ">&-")]
    [InlineData(Align, "<&- >&- 2>&-")]
    [InlineData(Align, "2</dev/null")]
    [InlineData(Doctor, ">&-")]
    public void A_stream_that_takes_nothing_does_not_end_the_work(string command, string redirection)
    {
        using var folder = new TemporaryFolder();

        Assert.Equal(0, Run(folder, command, redirection));
        if (command == Align)
            Assert.True(File.Exists(folder.File("out/seed-0/after.png")));
    }

    [ProgramTheory("sh")]
    [InlineData("2>&-")]
    [InlineData("2</dev/null")]
    public void A_failure_has_its_exit_code_all_the_same(string redirection)
    {
        using var folder = new TemporaryFolder();
        Assert.Equal(1, Run(folder, "inspect absent.safetensors", redirection));
    }

    private static int Run(TemporaryFolder folder, string command, string redirection)
    {
        var tool = typeof(CommandLineProgram).Assembly.Location;
        using var process = Process.Start(
            new ProcessStartInfo("sh", ["-c", $"exec dotnet '{tool}' {command} {redirection}"]) { WorkingDirectory = folder.Path }
        )!;
        process.WaitForExit();
        return process.ExitCode;
    }
}
