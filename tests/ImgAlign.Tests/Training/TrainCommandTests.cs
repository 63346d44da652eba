using ImgAlign.Alignment;
using ImgAlign.Detectors;
using ImgAlign.Runtime;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tests.Cli;
using ImgAlign.Training.Reporting;
using TorchSharp;

namespace ImgAlign.Tests.Training;

/// <summary>The commands that train, on the tiny checkpoints and the pictures of <c>samples/train</c>.</summary>
public sealed class TrainCommandTests : IDisposable
{
    private static readonly string Configuration = Path.GetFullPath(Path.Combine(TestData.Golden, "..", "..", "samples", "train", "tiny.json"));

    private readonly TemporaryFolder folder = new();

    [Fact]
    public async Task An_aligner_is_trained_and_can_be_used()
    {
        var run = await Tool.RunAsync("train", "aligner", "--config", Configuration, "--steps", "6", "--out", folder.File("run"));
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("8 pairs; image-prompt features: ", run.Error, StringComparison.Ordinal);
        Assert.Equal(6, MetricsLog.Read(folder.File("run/metrics.jsonl")).Count());

        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = 1 });
        using var aligner = new ImplicitAligner(runtime, folder.File("run/checkpoints/step-0000000006/weights.safetensors"), headWidth: 16);
        using var scope = torch.NewDisposeScope();
        var z = torch.rand(1, 4, aligner.TokenWidth);
        Assert.True((aligner.Align(torch.rand(1, 9, aligner.DetectorWidth), z) - z).abs().max().item<float>() > 0);
    }

    [Fact]
    public async Task Runs_are_continued_when_asked_and_never_overwritten()
    {
        string[] arguments = ["train", "aligner", "--config", Configuration, "--out", folder.File("run")];
        Assert.Equal(0, (await Tool.RunAsync([.. arguments, "--steps", "2"])).ExitCode);
        var again = await Tool.RunAsync([.. arguments, "--steps", "4"]);
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("holds a run already", again.Error, StringComparison.Ordinal);
        Assert.Equal(0, (await Tool.RunAsync([.. arguments, "--steps", "4", "--resume"])).ExitCode);
        Assert.Equal(4, MetricsLog.Read(folder.File("run/metrics.jsonl")).Count());
    }

    [Fact]
    public async Task A_stopped_run_leaves_a_checkpoint()
    {
        using var stop = new CancellationTokenSource();
        var running = Tool.RunAsync(stop.Token, "train", "aligner", "--config", Configuration, "--steps", "100000", "--out", folder.File("run"));
        while (!running.IsCompleted && !File.Exists(folder.File("run/latest"))) await Task.Delay(20);
        await stop.CancelAsync();
        var run = await running;
        Assert.Equal(130, run.ExitCode);
        Assert.True(File.Exists(folder.File(Path.Combine("run/checkpoints", File.ReadAllText(folder.File("run/latest")), "state.json"))));
    }

    [Theory]
    [InlineData("\"Lambda\": -1", "Lambda")]
    [InlineData("\"Trainer\": { \"BatchSize\": 0 }", "BatchSize")]
    [InlineData("\"DataPath\": \"nowhere\"", "no Parquet files")]
    public async Task Mistakes_in_the_configuration_are_named(string setting, string expected)
    {
        var models = File.ReadAllText(Configuration)[..File.ReadAllText(Configuration).IndexOf("\"AlignerTraining\"", StringComparison.Ordinal)].Replace("../../tests", Path.Combine(TestData.Golden, ".."), StringComparison.Ordinal);
        var data = setting.StartsWith("\"DataPath\"", StringComparison.Ordinal) ? "" : $"\"DataPath\": \"{Path.GetDirectoryName(Configuration)}\", ";
        var path = folder.Write("config.json", $"{models}\"AlignerTraining\": {{ {data}\"OutputPath\": \"run\", {setting} }} }}");
        var run = await Tool.RunAsync("train", "aligner", "--config", path);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    public async Task A_detector_is_tuned_and_can_be_used(int rank)
    {
        var configuration = File.ReadAllText(Configuration)
            .Replace("../../tests", Path.Combine(TestData.Golden, ".."), StringComparison.Ordinal).Replace("\"Epochs\": 0", $"\"Epochs\": 0, \"LoraRank\": {rank}, \"CheckpointGradients\": true", StringComparison.Ordinal)
            .Replace("\"DataPath\": \".\"", $"\"DataPath\": \"{Path.GetDirectoryName(Configuration)}\"", StringComparison.Ordinal);
        var run = await Tool.RunAsync("train", "detector", "--config", folder.Write("config.json", configuration), "--steps", "6", "--out", folder.File("run"));
        Assert.True(run.ExitCode == 0, run.Error);
        var losses = MetricsLog.Read(folder.File("run/metrics.jsonl")).Select(line => line.GetProperty("loss").GetDouble()).ToList();
        Assert.True(losses[^1] < losses[0], string.Join(", ", losses));

        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = 1 });
        using var tuned = new LlavaDetector(runtime, new LlavaOptions { ModelPath = folder.File("run/model") });
        using var original = new LlavaDetector(runtime, new LlavaOptions { ModelPath = Path.Combine(TestData.Golden, "mllm", "llava-hf") });
        using var scope = torch.NewDisposeScope();
        var image = new RgbImage(2, 2, new byte[12]);
        Assert.True((tuned.Detect(image, "what is it?").HiddenStates - original.Detect(image, "what is it?").HiddenStates).abs().max().item<float>() > 1e-3);
    }

    public void Dispose() => folder.Dispose();
}
