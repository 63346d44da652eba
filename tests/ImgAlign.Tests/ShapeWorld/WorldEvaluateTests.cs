using System.Text.Json;
using ImgAlign.Imaging;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Training;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tests.Cli;

namespace ImgAlign.Tests.ShapeWorld;

/// <summary><c>imgalign world evaluate</c> on any complete training.</summary>
public sealed class WorldEvaluateTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task Every_way_has_a_picture_for_every_prompt()
    {
        var world = RandomWorld.Write(WorldTraining.WorldOf(temporary.File("training")).Root);
        var ablations = new WorldFolder(WorldTraining.AblationsOf(temporary.File("training")).Root);
        ablations.WriteDetectorConfiguration();
        File.Copy(Path.Combine(world.Detector, NetworkFile.Transformers), Path.Combine(ablations.Detector, NetworkFile.Transformers));
        foreach (var variant in AlignerVariant.Ablations)
            File.Copy(world.Aligner, variant.File(world, ablations));

        var run = await EvaluateAsync();

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        var arms = File.ReadLines(Path.Combine(temporary.File("out"), "scores.jsonl"))
            .Select(static line => JsonDocument.Parse(line).RootElement)
            .ToLookup(static row => row.GetProperty("arm").GetString()!);
        Assert.Equal(14 + 1 + AlignerVariant.Ablations.Count, arms.Count);
        Assert.All(
            arms,
            static arm =>
                Assert.Equal(
                    ["trained scene", "held-out composition", "held-out pair"],
                    arm.Select(row => row.GetProperty("category").GetString())
                )
        );
        // The same aligner in every place gives the same pictures; what reads only the prompt, or nothing, gives others.
        Assert.Equal(Pictures("IMG"), Pictures("lambda 2"));
        Assert.NotEqual(Pictures("IMG"), Pictures("text features in place of the detector's"));
        Assert.NotEqual(Pictures("IMG"), Pictures("the picture's own features, unaligned"));

        IEnumerable<RgbImage> Pictures(string arm) =>
            arms[arm].Select(row => ImageFile.Load(Path.Combine(temporary.File("out"), row.GetProperty("file").GetString()!)));
    }

    [Fact]
    public async Task Ablations_that_were_not_trained_are_named()
    {
        RandomWorld.Write(WorldTraining.WorldOf(temporary.File("training")).Root);

        var run = await EvaluateAsync();

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("train the stage aligner-prompt", run.Error, StringComparison.Ordinal);
    }

    private Task<ToolRun> EvaluateAsync() =>
        Tool.RunAsync("world", "evaluate", temporary.File("training"), "--count", "3", "--steps", "1", "--out", temporary.File("out"));
}
