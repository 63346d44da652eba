using System.Text.Json;
using ImgAlign.Alignment;
using ImgAlign.Detectors;
using ImgAlign.Imaging;
using ImgAlign.Runtime;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tests.Cli;
using ImgAlign.Training.Reporting;
using TorchSharp;

namespace ImgAlign.Tests.Training;

/// <summary>The commands that train, on the tiny checkpoints and the pictures of <c>samples/train</c>.</summary>
public sealed class TrainCommandTests : IDisposable
{
    private static readonly string Configuration = Path.GetFullPath(
        Path.Combine(TestData.Golden, "..", "..", "samples", "train", "tiny.json")
    );

    private readonly TemporaryFolder folder = new();

    [Fact]
    public async Task An_aligner_is_trained_and_can_be_used()
    {
        var run = await Tool.RunAsync("train", "aligner", "--config", Configuration, "--steps", "6", "--out", folder.File("run"));
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Contains("features: 1 of 1 shards, about ", run.Error, StringComparison.Ordinal);
        Assert.Contains("8 pairs, 4 held out", run.Error, StringComparison.Ordinal);
        Assert.Equal(6, Lines("train").Count);
        var measured = Assert.Single(Lines("evaluation"));
        Assert.Equal(4, measured.GetProperty("samples").GetDouble());
        Assert.Contains("step 6, held out: loss ", run.Error, StringComparison.Ordinal);
        foreach (var name in new[] { "error_identity", "error_1_pass", "error_3_passes" })
            Assert.True(measured.GetProperty(name).GetDouble() > 0);

        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = 1 });
        using var aligner = new ImplicitAligner(runtime, folder.File("run/checkpoints/step-0000000006/weights.safetensors"), headWidth: 16);
        Assert.Equal(new AlignerOrigin(16, "LLaVA-1.5"), aligner.Origin);
        using var scope = torch.NewDisposeScope();
        var z = torch.rand(1, 4, aligner.TokenWidth);
        Assert.True((aligner.Align(torch.rand(1, 9, aligner.DetectorWidth), z) - z).abs().max().item<float>() > 0);
    }

    [Fact]
    public async Task An_aligner_for_FLUX_Redux_is_trained()
    {
        var golden = TestData.Golden;
        var run = await Tool.RunAsync(
            "train",
            "aligner",
            "--config",
            Configuration,
            "--backbone",
            "flux",
            "--model",
            Path.Combine(golden, "flux", "FLUX.1-dev"),
            "--redux",
            Path.Combine(golden, "redux", "FLUX.1-Redux-dev"),
            "--steps",
            "2",
            "--out",
            folder.File("run")
        );
        Assert.True(run.ExitCode == 0, run.Error);
        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = 1 });
        using var aligner = new ImplicitAligner(runtime, folder.File("run/checkpoints/step-0000000002/weights.safetensors"), headWidth: 16);
        Assert.Equal((16, 48), (aligner.Origin!.Tokens, aligner.TokenWidth));
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
        Assert.Equal(4, Lines("train").Count);
    }

    [Fact]
    public async Task A_stopped_run_leaves_a_checkpoint()
    {
        using var stop = new CancellationTokenSource();
        var running = Tool.RunAsync(
            stop.Token,
            "train",
            "aligner",
            "--config",
            Configuration,
            "--steps",
            "100000",
            "--out",
            folder.File("run")
        );
        while (!running.IsCompleted && !File.Exists(folder.File("run/latest")))
            await Task.Delay(20);
        await stop.CancelAsync();
        var run = await running;
        Assert.Equal(130, run.ExitCode);
        Assert.True(File.Exists(folder.File(Path.Combine("run/checkpoints", File.ReadAllText(folder.File("run/latest")), "state.json"))));
    }

    [Theory]
    [InlineData("\"Lambda\": -1", "Lambda")]
    [InlineData("\"Lamda\": 1", "AlignerTraining:Lamda is not an option; did you mean Lambda?")]
    [InlineData("\"Depth\": \"deep\"", "AlignerTraining:Depth")]
    [InlineData("\"Trainer\": { \"BatchSize\": 0 }", "BatchSize")]
    [InlineData("\"Trainer\": { \"Batch\": 4 }", "AlignerTraining:Trainer:Batch is not an option; did you mean BatchSize?")]
    [InlineData("\"EvaluationPath\": \"nowhere\"", "no Parquet files")]
    [InlineData("\"DataPath\": \"nowhere\"", "no Parquet files")]
    public async Task Mistakes_in_the_configuration_are_named(string setting, string expected)
    {
        var models = File.ReadAllText(Configuration)[
                ..File.ReadAllText(Configuration).IndexOf("\"AlignerTraining\"", StringComparison.Ordinal)
            ]
            .Replace("../../tests", Path.Combine(TestData.Golden, ".."), StringComparison.Ordinal);
        var data = setting.StartsWith("\"DataPath\"", StringComparison.Ordinal)
            ? ""
            : $"\"DataPath\": \"{Path.GetDirectoryName(Configuration)}\", ";
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
            .Replace("../../tests", Path.Combine(TestData.Golden, ".."), StringComparison.Ordinal)
            .Replace("\"Epochs\": 0", $"\"Epochs\": 0, \"LoraRank\": {rank}, \"CheckpointGradients\": true", StringComparison.Ordinal)
            .Replace("\"DataPath\": \".\"", $"\"DataPath\": \"{Path.GetDirectoryName(Configuration)}\"", StringComparison.Ordinal)
            .Replace("\"held-out\"", $"\"{Path.Combine(Path.GetDirectoryName(Configuration)!, "held-out")}\"", StringComparison.Ordinal);
        var run = await Tool.RunAsync(
            "train",
            "detector",
            "--config",
            folder.Write("config.json", configuration),
            "--steps",
            "6",
            "--out",
            folder.File("run")
        );
        Assert.True(run.ExitCode == 0, run.Error);
        foreach (var kind in new[] { "train", "evaluation" })
        {
            var losses = Lines(kind).Select(line => line.GetProperty("loss").GetDouble()).ToList();
            Assert.True(losses[^1] < losses[0], string.Join(", ", losses));
        }

        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = 1 });
        using var tuned = new LlavaDetector(runtime, new LlavaOptions { ModelPath = folder.File("run/model") });
        using var original = new LlavaDetector(runtime, new LlavaOptions { ModelPath = Path.Combine(TestData.Golden, "mllm", "llava-hf") });
        using var scope = torch.NewDisposeScope();
        var image = new RgbImage(2, 2, new byte[12]);
        Assert.True(
            (tuned.Detect(image, "what is it?").HiddenStates - original.Detect(image, "what is it?").HiddenStates).abs().max().item<float>()
                > 1e-3
        );
    }

    [Fact]
    public async Task Instructions_that_count_as_exact_are_those_that_the_detector_gives()
    {
        const string prompt = "a red circle",
            instruction = "Change the colour of the circle to red.";
        var picture = Path.Combine(Path.GetDirectoryName(Configuration)!, "images", "blue-circle.png");
        folder.Write(
            "data/triplets.jsonl",
            JsonSerializer.Serialize(
                new
                {
                    image = picture,
                    editedPrompt = prompt,
                    instruction,
                }
            )
        );
        var models = Path.Combine(TestData.Golden, "mllm", "llava-hf");
        folder.Write(
            "config.json",
            $$"""
            { "ImgAlign": { "Threads": 1, "Llava": { "ModelPath": "{{models}}" } },
              "DetectorTraining": { "DataPath": "data", "EvaluationPath": "data", "OutputPath": "run",
                "Trainer": { "BatchSize": 2, "LearningRate": 0.01 } } }
            """
        );
        var run = await Tool.RunAsync("train", "detector", "--config", folder.File("config.json"), "--steps", "25");
        Assert.True(run.ExitCode == 0, run.Error);
        var measured = Assert.Single(Lines("evaluation"));
        Assert.Equal(1, measured.GetProperty("token_accuracy").GetDouble());
        Assert.Equal(1, measured.GetProperty("exact").GetDouble());

        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = 1 });
        using var tuned = new LlavaDetector(runtime, new LlavaOptions { ModelPath = folder.File("run/model") });
        using var detection = tuned.Detect(ImageFile.Load(picture), Questions.Ask(Questions.Draw(1), prompt), critiqueTokens: 64);
        Assert.Equal(instruction, detection.Critique);
    }

    public void Dispose() => folder.Dispose();

    private List<JsonElement> Lines(string kind) =>
        [.. MetricsLog.Read(folder.File("run/metrics.jsonl")).Where(line => line.GetProperty("kind").GetString() == kind)];
}
