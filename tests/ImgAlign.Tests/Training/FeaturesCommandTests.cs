using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tests.Cli;

namespace ImgAlign.Tests.Training;

/// <summary><c>imgalign features</c> and the training from what it makes, on the tiny checkpoints.</summary>
public sealed class FeaturesCommandTests : IDisposable
{
    private static readonly string Samples = Path.GetFullPath(Path.Combine(TestData.Golden, "..", "..", "samples", "train"));

    private static readonly JsonSerializerOptions WithoutNulls = new() { DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull };

    private readonly TemporaryFolder folder = new();

    [Fact]
    public async Task Features_train_as_their_pairs_do_and_an_interrupted_run_ends_with_the_same_bits()
    {
        var fromPairs = Configure("pairs.json", Samples);
        var fromFeatures = Configure("features.json", folder.File("features"));
        var made = await RunAsync("features", "--config", fromPairs, "--out", folder.File("features"));
        Assert.Equal(folder.File("features"), Assert.Single(made.Lines));
        Assert.Contains("features: 3 of 3 shards", made.Error, StringComparison.Ordinal);
        await RunAsync("train", "aligner", "--config", fromPairs, "--steps", "6", "--out", folder.File("from-pairs"));
        await RunAsync("train", "aligner", "--config", fromFeatures, "--steps", "6", "--out", folder.File("whole"));
        await RunAsync("train", "aligner", "--config", fromFeatures, "--steps", "3", "--out", folder.File("parts"));
        await RunAsync("train", "aligner", "--config", fromFeatures, "--steps", "6", "--out", folder.File("parts"), "--resume");
        var expected = Weights("from-pairs");
        Assert.Equal(expected, Weights("whole"));
        Assert.Equal(expected, Weights("parts"));
    }

    [Fact]
    public async Task What_cannot_be_trained_from_is_refused_in_one_sentence()
    {
        var fromPairs = Configure("pairs.json", Samples);
        var fromFeatures = Configure("features.json", folder.File("features"));
        await RunAsync("features", "--config", fromPairs, "--out", folder.File("features"));

        await RefuseAsync(
            "features of other models",
            "train",
            "aligner",
            "--config",
            Configure("kept.json", folder.File("features"), true)
        );
        await RefuseAsync(
            "features of other models",
            "features",
            "--config",
            Configure("kept.json", Samples, true),
            "--out",
            folder.File("features")
        );
        await RefuseAsync(
            "holds features of other data",
            "features",
            "--config",
            fromPairs,
            "--pairs",
            Held,
            "--out",
            folder.File("features")
        );
        await RefuseAsync(
            "give --queue with it",
            "features",
            "--config",
            fromPairs,
            "--out",
            folder.File("features"),
            "--data",
            folder.Path
        );
        await RefuseAsync(
            "There are no pairs: give --pairs.",
            "features",
            "--config",
            Configure("none.json", null),
            "--out",
            folder.File("new")
        );
        var shard = folder.File("features/shard-00001.safetensors");
        var bytes = File.ReadAllBytes(shard);
        bytes[^5] ^= 1;
        File.WriteAllBytes(shard, bytes);
        await RefuseAsync($"{shard} is damaged", "train", "aligner", "--config", fromFeatures, "--out", folder.File("run"));
        File.Delete(shard);
        await RefuseAsync("1 of 3 shards of features are not there", "train", "aligner", "--config", fromFeatures);
    }

    [Fact]
    [Trait("Category", "Processes")]
    public async Task Workers_make_the_shards_of_one_process_though_one_of_them_is_killed()
    {
        const int Pairs = 160,
            Shards = 20;
        var lines = File.ReadAllLines(Path.Combine(Samples, "pairs.jsonl"));
        folder.Link(Samples, "data", name => name == "pairs.jsonl");
        folder.Write("data/pairs.jsonl", string.Join('\n', Enumerable.Range(0, Pairs).Select(line => lines[line % lines.Length])));
        var configuration = Configure("config.json", folder.File("data"), keepHiddenStates: true, pairsPerShard: Pairs / Shards);
        await RunAsync("features", "--config", configuration, "--out", folder.File("alone"));

        using var killed = new WorkProcess(folder.File("queue"), "--config", configuration);
        using var other = new WorkProcess(folder.File("queue"), "--config", configuration);
        string[] queue = ["--queue", "--data", folder.File("queue")];
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(4));
        var making = Tool.RunAsync(patience.Token, ["features", "--config", configuration, "--out", folder.File("together"), .. queue]);
        while (!making.IsCompleted && Made("together").Length < Shards / 4)
            await Task.Delay(5);
        killed.Kill();
        var run = await making;
        Assert.True(run.ExitCode == 0, run.Error);
        Assert.Equal(Shards, Made("alone").Length);
        Assert.Equal(
            Made("alone").Select(Path.GetFileName),
            Directory.GetFiles(folder.File("together"), "shard-*").Order().Select(Path.GetFileName)
        );
        foreach (var (alone, together) in Made("alone").Zip(Made("together")))
            Assert.Equal(File.ReadAllBytes(alone), File.ReadAllBytes(together));
    }

    public void Dispose() => folder.Dispose();

    private static string Held => Path.Combine(Samples, "held-out");

    private static async Task<ToolRun> RunAsync(params string[] arguments)
    {
        var run = await Tool.RunAsync(arguments);
        Assert.True(run.ExitCode == 0, run.Error);
        return run;
    }

    private static async Task RefuseAsync(string expected, params string[] arguments)
    {
        var run = await Tool.RunAsync(arguments);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
    }

    // The tiny models, with the pairs three to a shard.
    private string Configure(string name, string? data, bool keepHiddenStates = false, int pairsPerShard = 3)
    {
        var settings = JsonSerializer.Deserialize<Dictionary<string, object>>(
            File.ReadAllText(Path.Combine(Samples, "tiny.json"))
                .Replace("../../tests", Path.Combine(TestData.Golden, ".."), StringComparison.Ordinal)
        )!;
        settings["AlignerTraining"] = new
        {
            DataPath = data,
            EvaluationPath = Held,
            OutputPath = folder.File("unused"),
            KeepHiddenStates = keepHiddenStates,
            PairsPerShard = pairsPerShard,
            Depth = 1,
            Heads = 2,
            HeadWidth = 16,
            Trainer = new { BatchSize = 4, LearningRate = 0.001 },
        };
        return folder.Write(name, JsonSerializer.Serialize(settings, WithoutNulls));
    }

    private byte[] Weights(string run) => File.ReadAllBytes(folder.File($"{run}/checkpoints/step-0000000006/weights.safetensors"));

    private string[] Made(string name) =>
        Directory.Exists(folder.File(name)) ? [.. Directory.GetFiles(folder.File(name), "shard-*.safetensors").Order()] : [];
}
