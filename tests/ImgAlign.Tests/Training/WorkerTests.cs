using ImgAlign.Checkpoints;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tests.Cli;
using ImgAlign.Training.Reporting;
using TorchSharp;

namespace ImgAlign.Tests.Training;

/// <summary><c>imgalign train … --workers N</c> on the tiny checkpoints: the run of one process up to rounding.</summary>
public sealed class WorkerTests : IDisposable
{
    private static readonly string Configuration = Path.GetFullPath(
        Path.Combine(TestData.Golden, "..", "..", "samples", "train", "tiny.json")
    );

    private readonly TemporaryFolder folder = new();

    [Theory]
    [InlineData("aligner")]
    [InlineData("detector")]
    public async Task Two_workers_train_like_one(string part)
    {
        await TrainAsync(part, "one", "--steps", "5", "--workers", "1");
        await TrainAsync(part, "two", "--steps", "5", "--workers", "2");

        var (one, two) = (Lines("one"), Lines("two"));
        Assert.Equal(
            one.Select(line => line.Keys.Order(StringComparer.Ordinal)),
            two.Select(line => line.Keys.Order(StringComparer.Ordinal))
        );
        Assert.All(one.Zip(two), lines => Assert.All(lines.First, pair => Assert.Equal(pair.Value, lines.Second[pair.Key], 1e-3)));
        using var scope = torch.NewDisposeScope();
        using var first = Checkpoint.Open(Weights("one", 5));
        using var second = Checkpoint.Open(Weights("two", 5));
        Assert.Equal(first.Tensors.Keys.Order(StringComparer.Ordinal), second.Tensors.Keys.Order(StringComparer.Ordinal));
        foreach (var name in first.Tensors.Keys)
            Assert.InRange((first.Read(name) - second.Read(name)).abs().mean().item<float>(), 0, 1e-5);
    }

    [Fact]
    public async Task Workers_that_are_stopped_and_continued_end_with_the_same_bits()
    {
        await TrainAsync("aligner", "whole", "--steps", "6", "--workers", "2");
        await TrainAsync("aligner", "parts", "--steps", "3", "--workers", "2");
        await TrainAsync("aligner", "parts", "--steps", "6", "--workers", "2", "--resume");
        Assert.Equal(File.ReadAllBytes(Weights("whole", 6)), File.ReadAllBytes(Weights("parts", 6)));
    }

    [Fact]
    public async Task A_batch_that_workers_cannot_share_is_refused()
    {
        var run = await Tool.RunAsync("train", "aligner", "--config", Configuration, "--out", folder.File("run"), "--workers", "3");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("a batch of 4 does not fall into 1 equal parts for each of 3 processes", run.Error, StringComparison.Ordinal);
    }

    public void Dispose() => folder.Dispose();

    private async Task TrainAsync(string part, string name, params string[] options)
    {
        var run = await Tool.RunAsync(["train", part, "--config", Configuration, "--out", folder.File(name), .. options]);
        Assert.True(run.ExitCode == 0, run.Error);
    }

    private string Weights(string name, int step) => folder.File($"{name}/checkpoints/step-{step:0000000000}/weights.safetensors");

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
