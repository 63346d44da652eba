using System.Diagnostics;
using ImgAlign.Tests.Checkpoints;
using Xunit.Abstractions;

namespace ImgAlign.Tests.Evaluation;

/// <summary>An evaluation whose process is killed goes on to the bytes of one that was not. Some minutes.</summary>
[Trait("Category", "Slow")]
public sealed class KilledEvaluationTests(ITestOutputHelper output) : IDisposable
{
    private const int Folders = 4;
    private const int KillsEach = 5;

    private static readonly string[] Prompts =
    [
        "a red circle left of a blue square",
        "a green triangle above a purple cross",
        "the yellow square is below the black circle",
        "a blue cross right of a red square",
    ];

    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task A_run_killed_at_random_moments_ends_with_the_same_bytes()
    {
        await File.WriteAllLinesAsync(temporary.File("prompts.txt"), Prompts);
        var watch = Stopwatch.StartNew();
        Assert.Equal(0, await RunAsync("whole", null));
        var expected = EvaluationFolder.Snapshot(temporary.File("whole"));
        var duration = watch.Elapsed;
        var seed = Environment.TickCount;
        output.WriteLine($"seed {seed}");
        var random = new Random(seed);

        for (var folder = 0; folder < Folders; folder++)
        {
            for (var kill = 0; kill < KillsEach; kill++)
                await RunAsync($"killed-{folder}", random.NextDouble() * duration);
            Assert.Equal(0, await RunAsync($"killed-{folder}", null));
            Assert.Equal(expected, EvaluationFolder.Snapshot(temporary.File($"killed-{folder}")));
        }
    }

    // As kill -9 does it; a run that ends before is left alone.
    private async Task<int> RunAsync(string folder, TimeSpan? killAfter)
    {
        string[] arguments =
        [
            "exec",
            typeof(ChildProgram).Assembly.Location,
            ChildProgram.Tool,
            "evaluate",
            "--prompts",
            temporary.File("prompts.txt"),
            "--out",
            temporary.File(folder),
            "--steps",
            "3",
            "--batch-size",
            "1",
        ];
        using var process = Process.Start(
            new ProcessStartInfo("dotnet", arguments) { RedirectStandardOutput = true, RedirectStandardError = true }
        )!;
        var read = Task.WhenAll(process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (killAfter is { } time && !process.WaitForExit(time))
            process.Kill();
        await process.WaitForExitAsync();
        await read;
        return process.ExitCode;
    }
}
