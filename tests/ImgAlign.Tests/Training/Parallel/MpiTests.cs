using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;
using ImgAlign.Checkpoints;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tests.Cli;
using ImgAlign.Training.Reporting;
using TorchSharp;

namespace ImgAlign.Tests.Training.Parallel;

/// <summary><c>mpirun … imgalign train …</c> on the tiny checkpoints: real processes that share every batch.</summary>
[Trait("Category", "Processes")]
public sealed class MpiTests : IDisposable
{
    private static readonly string Configuration = Path.GetFullPath(
        Path.Combine(TestData.Golden, "..", "..", "samples", "train", "tiny.json")
    );

    private readonly TemporaryFolder folder = new();

    [ProgramTheory(MpiRun.Program)]
    [InlineData("aligner")]
    [InlineData("detector")]
    public async Task Two_processes_train_like_one(string part)
    {
        string[] arguments = ["train", part, "--config", Configuration, "--steps", "5"];
        var alone = await Tool.RunAsync([.. arguments, "--out", folder.File("one")]);
        Assert.True(alone.ExitCode == 0, alone.Error);
        var together = await MpiRun.RunAsync(2, MpiRun.Tool, [.. arguments, "--out", folder.File("two")]);
        Assert.True(together.ExitCode == 0, together.Text);
        Assert.Equal(1, Regex.Count(together.Text, "step 5/5: "));

        var (one, two) = (Lines("one"), Lines("two"));
        Assert.Equal(
            one.Select(line => line.Keys.Order(StringComparer.Ordinal)),
            two.Select(line => line.Keys.Order(StringComparer.Ordinal))
        );
        Assert.All(one.Zip(two), lines => Assert.All(lines.First, pair => Assert.Equal(pair.Value, lines.Second[pair.Key], 1e-3)));
        using var scope = torch.NewDisposeScope();
        using var first = Checkpoint.Open(Latest("one", "weights.safetensors"));
        using var second = Checkpoint.Open(Latest("two", "weights.safetensors"));
        Assert.Equal(first.Tensors.Keys.Order(StringComparer.Ordinal), second.Tensors.Keys.Order(StringComparer.Ordinal));
        foreach (var name in first.Tensors.Keys)
            Assert.InRange((first.Read(name) - second.Read(name)).abs().mean().item<float>(), 0, 1e-5);
    }

    [ProgramTheory(MpiRun.Program)]
    [InlineData("data-parallel-k10-2", 2, "whole")]
    [InlineData("data-parallel-k10-2", 2, "sharded")]
    [InlineData("data-parallel-k10-float64-4", 4, "sharded")]
    public async Task Processes_repeat_the_reference(string name, int processes, string state)
    {
        var golden = Path.Combine(TestData.Golden, "training", name);
        var run = await MpiRun.RunAsync(processes, MpiRun.Child, ChildProgram.GoldenOverProcesses, golden, state);
        Assert.True(run.ExitCode == 0, run.Text);
    }

    [ProgramTheory(MpiRun.Program)]
    [InlineData(0)]
    [InlineData(1)]
    public async Task A_killed_process_ends_the_others_and_the_run_goes_on_to_the_same_bits(int rank)
    {
        string[] arguments = ["train", "aligner", "--config", Sharded(), "--resume", "--steps", "40"];
        var whole = await MpiRun.RunAsync(2, MpiRun.Tool, [.. arguments, "--out", folder.File("whole")]);
        Assert.True(whole.ExitCode == 0, whole.Text);

        var marker = folder.File("killed");
        using var process = MpiRun.Start(2, MpiRun.Tool, [.. arguments, "--out", marker]);
        var finished = MpiRun.FinishAsync(process);
        while (!finished.IsCompleted && !File.Exists(Path.Combine(marker, "latest")))
            await Task.Delay(10);
        ProcessOfRank(marker, rank).Kill();
        var watch = Stopwatch.StartNew();
        var killed = await finished;
        Assert.InRange(watch.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(20));
        Assert.NotEqual(0, killed.ExitCode);
        Assert.Contains($"process rank {rank} with PID", killed.Text, StringComparison.Ordinal);

        var resumed = await MpiRun.RunAsync(2, MpiRun.Tool, [.. arguments, "--out", marker]);
        Assert.True(resumed.ExitCode == 0, resumed.Text);
        foreach (var file in new[] { "weights.safetensors", "state.safetensors", "state.json" })
            Assert.Equal(File.ReadAllBytes(Latest("whole", file)), File.ReadAllBytes(Latest("killed", file)));
    }

    [ProgramTheory(MpiRun.Program)]
    [InlineData(3)]
    public async Task A_batch_that_processes_cannot_share_is_refused(int processes)
    {
        var run = await MpiRun.RunAsync(
            processes,
            MpiRun.Tool,
            ["train", "aligner", "--config", Configuration, "--out", folder.File("run")]
        );
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains("a batch of 4 does not fall into 1 equal parts for each of 3 processes", run.Text, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    // The sample with a part of the optimiser's state in each process, and a checkpoint at every second step.
    private string Sharded()
    {
        var samples = Path.GetDirectoryName(Configuration)!;
        var text = File.ReadAllText(Configuration)
            .Replace("../../tests", Path.Combine(TestData.Golden, ".."), StringComparison.Ordinal)
            .Replace("\"DataPath\": \".\"", $"\"DataPath\": \"{samples}\"", StringComparison.Ordinal)
            .Replace("\"held-out\"", $"\"{Path.Combine(samples, "held-out")}\"", StringComparison.Ordinal)
            .Replace(
                "\"Trainer\": {",
                "\"Trainer\": { \"ShardOptimizer\": true, \"ReduceInBFloat16\": true, \"AverageDecay\": 0.9,",
                StringComparison.Ordinal
            );
        Assert.Contains("ShardOptimizer", text, StringComparison.Ordinal);
        return folder.Write("sharded.json", text);
    }

    private static Process ProcessOfRank(string marker, int rank) =>
        Process
            .GetProcesses()
            .First(process =>
                File.Exists($"/proc/{process.Id}/environ")
                && ReadAll($"/proc/{process.Id}/cmdline").Contains(marker, StringComparison.Ordinal)
                && ReadAll($"/proc/{process.Id}/environ")
                    .Split('\0')
                    .Contains(string.Create(CultureInfo.InvariantCulture, $"OMPI_COMM_WORLD_RANK={rank}"))
            );

    private static string ReadAll(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return ""; // the process has ended
        }
    }

    private string Latest(string name, string file) =>
        folder.File(Path.Combine(name, "checkpoints", File.ReadAllText(folder.File(Path.Combine(name, "latest"))), file));

    private List<Dictionary<string, double>> Lines(string name) =>
        [
            .. MetricsLog
                .Read(folder.File($"{name}/metrics.jsonl"))
                .Select(line =>
                    line.EnumerateObject()
                        .Where(property => property.Name != "kind")
                        .ToDictionary(property => property.Name, property => property.Value.GetDouble())
                ),
        ];
}
