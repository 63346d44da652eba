using ImgAlign.Runtime;
using ImgAlign.ShapeWorld;
using ImgAlign.ShapeWorld.Evaluation;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Training;
using ImgAlign.Tests.Checkpoints;

namespace ImgAlign.Tests.ShapeWorld;

/// <summary>The evaluation runs on any complete world, and its report says what was counted.</summary>
public sealed class EvaluationTests : IDisposable
{
    private static readonly EvaluationOptions Few = new() { Prompts = 4, Steps = 2 };

    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task Every_way_has_a_picture_for_every_prompt_and_the_report_shows_them()
    {
        var world = RandomWorld.Write(temporary.File("world"));
        var ablations = new WorldFolder(temporary.File("ablations"));
        ablations.WriteDetectorConfiguration();
        File.Copy(Path.Combine(world.Detector, NetworkFile.Transformers), Path.Combine(ablations.Detector, NetworkFile.Transformers));
        foreach (var variant in AlignerVariant.Ablations)
            File.Copy(world.Aligner, variant.File(world, ablations));
        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = 1 });

        using var evaluation = new WorldEvaluation(runtime, world, ablations, Few);
        var result = await evaluation.RunAsync();
        var report = temporary.File("report.html");
        EvaluationReport.Write(report, result);

        Assert.All([.. result.Method, .. result.Ablations, .. result.Passes], static arm => Assert.Equal(Few.Prompts, arm.Images.Count));
        Assert.Equal(1 + AlignerVariant.Ablations.Count, result.Ablations.Count);
        Assert.Equal(2, result.Scenes.Count(static scene => scene.IsHeldOut));
        Assert.All(
            result.Claim.Concat(result.Comparisons),
            static comparison => Assert.Equal(Few.Prompts, comparison.Wins + comparison.Ties + comparison.Losses)
        );
        // The same aligner in every place gives the same pictures; what reads only the prompt, or nothing, gives others.
        Assert.Equal(
            result.Arm(EvaluationResult.Round).Images.Select(static image => image.Pixels.ToArray()),
            result.Ablations.Single(static arm => arm.Name == "lambda 2").Images.Select(static image => image.Pixels.ToArray())
        );
        var html = await File.ReadAllTextAsync(report);
        Assert.All(result.Prompts, prompt => Assert.Contains(prompt, html, StringComparison.Ordinal));
        Assert.DoesNotContain("exception", html, StringComparison.OrdinalIgnoreCase); // what a plot that fails shows
        Assert.DoesNotContain("src=\"http", html, StringComparison.Ordinal);
    }

    [Fact]
    public void Ablations_that_were_not_trained_are_named()
    {
        var world = RandomWorld.Write(temporary.File("world"));
        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = 1 });

        var message = Assert
            .Throws<ImgAlignException>(() => new WorldEvaluation(runtime, world, new WorldFolder(temporary.File("ablations")), Few))
            .Message;

        Assert.Contains("train the stage aligner-prompt", message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_evaluation_and_the_pipeline_give_the_same_pictures()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = 1 });
        using var evaluation = new WorldEvaluation(runtime, WorldFolder.Embedded, null, Few);
        var result = await evaluation.RunAsync();
        using var world = new EmbeddedWorld();
        var request = new AlignmentRequest(result.Prompts.Select(static (prompt, index) => new AlignmentItem(prompt) { Seed = index }))
        {
            Steps = Few.Steps,
        };

        var aligned = (await world.Pipeline.AlignAsync(request)).Items;

        Assert.Equal(result.Arm(EvaluationResult.Base).Images, aligned.Select(static item => item.BaseImage));
        Assert.Equal(result.Arm(EvaluationResult.Round).Images, aligned.Select(static item => item.Candidates[1].Image));
        Assert.Equal(result.Arm(EvaluationResult.GatedRound).Images, aligned.Select(static item => item.Image));
    }
}
