using System.Text.Json.Nodes;
using ImgAlign.Backbones;
using ImgAlign.Imaging;
using ImgAlign.Runtime;
using ImgAlign.Tests.Cli;

namespace ImgAlign.Tests.Evaluation;

/// <summary>What the pictures of an evaluation carry of their making, and how they are decoded.</summary>
public sealed class EvaluatedPictureTests : EvaluationTestBase
{
    private static readonly string Model = Path.Combine(TestData.Golden, "sdxl", "checkpoint");

    [Fact]
    public async Task Pictures_are_made_again_from_the_records_in_them()
    {
        var prompts = Write("prompts.txt", $"{Circle}\n");
        var arms = Write(
            "arms.json",
            """
            {"arms": [{"name": "base"}, {"name": "other", "firstSample": 1, "steps": 3}, {"name": "IMG", "rounds": 1, "scale": 0.5},
             {"name": "greedy", "policy": "greedy", "budget": 3}]}
            """
        );
        Assert.Equal(0, (await EvaluateAsync(prompts, "out", "--arms", arms)).ExitCode);
        var given = Path.Combine(Folder.File("out"), FileOf("base"));

        await AssertRepeatsAsync("base", "generate", "seed-0.png");
        await AssertRepeatsAsync("other", "generate", null);
        await AssertRepeatsAsync("IMG", "align", "seed-0/after.png", "--image", given);
        await AssertRepeatsAsync("greedy", "align", "seed-0/after.png", "--image", given);

        async Task AssertRepeatsAsync(string arm, string command, string? name, params string[] options)
        {
            var (picture, target) = (Path.Combine(Folder.File("out"), FileOf(arm)), Folder.File($"again-{arm}"));
            var run = await Tool.RunAsync([command, "--from", picture, "--out", target, .. options]);
            Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
            var again = name is null ? Directory.GetFiles(target, "*.png").Single() : Path.Combine(target, name);
            Assert.Equal(ImageFile.Load(picture), ImageFile.Load(again));
        }
    }

    [Fact]
    public async Task Records_in_pictures_hold_no_times_and_no_paths_and_can_be_left_out()
    {
        var prompts = Write("prompts.txt", $"{Circle}\n");
        await EvaluateAsync(prompts, "out");
        await EvaluateAsync(prompts, "again");
        await EvaluateAsync(prompts, "bare", "--no-metadata");

        Assert.Equal(EvaluationFolder.Snapshot(Folder.File("out")), EvaluationFolder.Snapshot(Folder.File("again")));
        var text = await File.ReadAllTextAsync(Path.Combine(Folder.File("out"), FileOf("IMG")));
        foreach (var expected in new[] { "trainedAlgorithmicMedia", "\"question\"", "parameters", "\"--no-gate\"" })
            Assert.Contains(expected, text, StringComparison.Ordinal);
        foreach (var unexpected in new[] { "\"seconds\"", "\"timings\"", "\"devices\"", Folder.Path })
            Assert.DoesNotContain(unexpected, text, StringComparison.Ordinal);
        var bare = await File.ReadAllTextAsync(Path.Combine(Folder.File("bare"), FileOf("IMG", "bare")));
        Assert.DoesNotContain("imgalign", bare, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whether_pictures_are_decoded_in_tiles_is_settled_once_for_all_arms_and_runs()
    {
        var prompts = Write("prompts.jsonl", """{"prompt": "a red cube", "width": 768, "height": 640}""");
        var small = Write("small.jsonl", """{"prompt": "a red cube", "width": 64, "height": 64}""");
        var arms = Write("arms.json", """{"arms": [{"name": "base", "steps": 1, "models": {"Sdxl:VaeTileSize": "64"}}]}""");
        string[] options = ["--arms", arms, "--guidance", "1", "--config"];
        var budget = (RequiredBytes(VaeTiling.Never) + RequiredBytes(VaeTiling.Always)) / 2;

        var roomy = await EvaluateAsync(small, "roomy", [.. options, Config("roomy.json", null)]);
        var scarce = await EvaluateAsync(prompts, "scarce", [.. options, Config("scarce.json", budget)]);

        Assert.Equal((0, 0), (roomy.ExitCode, scarce.ExitCode));
        Assert.Equal(("Never", "Always"), (Settled("roomy"), Settled("scarce")));
        Assert.All(
            Directory.GetFiles(Folder.File("scarce"), "record.json", SearchOption.AllDirectories),
            static file => Assert.Contains("VaeTiling=Always", File.ReadAllText(file), StringComparison.Ordinal)
        );

        // A later run with more memory makes nothing otherwise.
        var later = await EvaluateAsync(prompts, "scarce", [.. options, Config("roomy.json", null)]);
        Assert.Equal((0, "Always"), (later.ExitCode, Settled("scarce")));
        Assert.Single(Directory.GetFiles(Folder.File("scarce"), "record.json", SearchOption.AllDirectories));
    }

    private string Config(string name, long? memoryBudget)
    {
        var settings = new JsonObject { ["Sdxl"] = new JsonObject { ["ModelPath"] = Model } };
        if (memoryBudget is not null)
            settings["MemoryBudgetBytes"] = memoryBudget;
        return Write(name, new JsonObject { ["ImgAlign"] = settings }.ToJsonString());
    }

    private static long RequiredBytes(VaeTiling tiling)
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        var options = new SdxlOptions
        {
            ModelPath = Model,
            VaeTiling = tiling,
            VaeTileSize = 64,
        };
        using var backbone = new SdxlBackbone(runtime, options);
        using var pipeline = new GenerationPipeline(backbone);
        var request = new GenerationRequest(new GenerationItem("a red cube") { Size = new ImageSize(768, 640) }) { Guidance = 1 };
        return pipeline.EstimateMemory(request)[0].RequiredBytes;
    }

    private string Settled(string folder) => File.ReadAllText(Path.Combine(Folder.File(folder), "vae-tiling.txt"));

    private string FileOf(string arm, string folder = "out") =>
        Rows(folder).First(row => row.GetProperty("arm").GetString() == arm).GetProperty("file").GetString()!;
}
