using System.Diagnostics;
using ImgAlign.Tests.Checkpoints;

namespace ImgAlign.Tests.Training;

/// <summary>A real process that trains an aligner is killed at random moments and started again.</summary>
public sealed class ResumeTests : IDisposable
{
    private const int Steps = 40;
    private const int Kills = 3;

    private readonly TemporaryFolder folder = new();

    [Fact]
    [Trait("Category", "Processes")]
    public void A_killed_and_resumed_run_ends_with_the_same_bits()
    {
        var whole = Stopwatch.StartNew();
        Finish(Start("whole"));
        var duration = whole.Elapsed;

        var random = new Random(11);
        for (var kill = 0; kill < Kills; kill++)
        {
            // From the start of the process, through loading, to the middle of the run; a fast machine may be done before.
            using var process = Start("killed");
            process.WaitForExit(duration * (0.3 + 0.6 * random.NextDouble()));
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }
        Finish(Start("killed"));

        foreach (var file in new[] { "weights.safetensors", "state.safetensors", "state.json" })
            Assert.Equal(File.ReadAllBytes(Latest("whole", file)), File.ReadAllBytes(Latest("killed", file)));
        Assert.Equal(Lines("whole"), Lines("killed"));
    }

    public void Dispose() => folder.Dispose();

    private Process Start(string name)
    {
        var tool = Path.Combine(AppContext.BaseDirectory, "ImgAlign.Cli.dll");
        var configuration = Path.Combine(TestData.Golden, "..", "..", "samples", "train", "tiny.json");
        var start = new ProcessStartInfo(
            "dotnet",
            [tool, "train", "aligner", "--config", configuration, "--steps", $"{Steps}", "--out", folder.File(name), "--resume"]
        )
        {
            RedirectStandardError = true,
            RedirectStandardOutput = true,
        };
        var process = Process.Start(start)!;
        process.ErrorDataReceived += static (_, _) => { };
        process.OutputDataReceived += static (_, _) => { };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return process;
    }

    private static void Finish(Process process)
    {
        using (process)
        {
            Assert.True(process.WaitForExit(TimeSpan.FromMinutes(5)), "The run did not end.");
            Assert.Equal(0, process.ExitCode);
        }
    }

    private string Latest(string name, string file) =>
        folder.File(Path.Combine(name, "checkpoints", File.ReadAllText(folder.File(Path.Combine(name, "latest"))), file));

    private string[] Lines(string name) => File.ReadAllLines(folder.File(Path.Combine(name, "metrics.jsonl")));
}
