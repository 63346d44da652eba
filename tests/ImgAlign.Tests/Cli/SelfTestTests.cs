using System.Diagnostics;
using ImgAlign.Cli;

namespace ImgAlign.Tests.Cli;

/// <summary><c>doctor --selftest</c> as a user starts it, in a process of its own.</summary>
public sealed class SelfTestTests
{
    [Fact]
    public async Task Passes_on_this_machine_and_says_what_was_left_out()
    {
        var golden = Path.Combine(TestData.Golden, "aligner", "tiny-one-pass");
        var run = await RunAsync("doctor", "--selftest", "--quick", "--device", "cpu", "--golden", golden);

        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Contains(run.Lines, static line => line.StartsWith("fine    processor", StringComparison.Ordinal));
        Assert.Equal(["1 passed, 0 failed", "networks of published size: left out (--quick)", "self-test passed"], run.Lines.TakeLast(3));
    }

    [Fact]
    public async Task Names_a_case_that_fails()
    {
        var folder = Directory.CreateTempSubdirectory();
        CopyCase("aligner/tiny-one-pass", Path.Combine(folder.FullName, "broken"));
        var description = Path.Combine(folder.FullName, "broken", "case.json");
        File.WriteAllText(description, File.ReadAllText(description).Replace("\"aligner\"", "\"crystal-ball\"", StringComparison.Ordinal));

        var run = await RunAsync("doctor", "--selftest", "--quick", "--golden", folder.FullName);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(
            run.Lines,
            static line =>
                line.Contains("broken", StringComparison.Ordinal) && line.Contains("failed: kind 'crystal-ball'", StringComparison.Ordinal)
        );
        Assert.Equal("self-test failed", run.Lines[^1]);
        folder.Delete(recursive: true);
    }

    [Fact]
    public void Every_family_has_cases_that_come_with_the_tool()
    {
        var families = Directory
            .EnumerateFiles(SelfTest.OwnGolden, "case.json", SearchOption.AllDirectories)
            .Select(static file => Path.GetRelativePath(SelfTest.OwnGolden, file).Split(Path.DirectorySeparatorChar)[0])
            .CountBy(static family => family);
        Assert.Equal(
            [("aligner", 3), ("flux", 4), ("mllm", 3), ("sdxl", 6)],
            families.Select(static family => (family.Key, family.Value)).OrderBy(static family => family.Key, StringComparer.Ordinal)
        );
    }

    private static void CopyCase(string name, string target)
    {
        Directory.CreateDirectory(target);
        foreach (var file in Directory.EnumerateFiles(Path.Combine(TestData.Golden, name)))
            File.Copy(file, Path.Combine(target, Path.GetFileName(file)));
    }

    private static async Task<ToolRun> RunAsync(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", ["exec", typeof(CommandLineProgram).Assembly.Location, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        await process.WaitForExitAsync();
        return new ToolRun(process.ExitCode, await output, await error);
    }
}
