using ImgAlign;
using ImgAlign.Imaging;
using ImgAlign.ShapeWorld;
using Microsoft.Extensions.DependencyInjection;

// Align             a prompt of ShapeWorld, whose trained models come with the package ImgAlign.ShapeWorld
// Align "a prompt"  another one; what the world cannot draw is answered with what it can
var prompt = args is [var given] ? given : "a red circle left of a blue square";

// The container owns the models and the device that they run on. With published checkpoints, UseSdxl(…).UseLlava(…).UseAligner(…) take the
// place of UseShapeWorld(), and their options say where the files are (README.md).
var services = new ServiceCollection();
services.AddImplicitMultimodalGuidance(options => options.Threads = 1).UseShapeWorld(); // the world's networks are too small for more
await using var provider = services.BuildServiceProvider();
var pipeline = provider.GetRequiredService<IAlignmentPipeline>();

AlignmentResult? all = null;
await foreach (var update in pipeline.StreamAsync(new AlignmentRequest(new AlignmentItem(prompt) { Seed = 0 }) { DescribeCritique = true }))
{
    if (update is StageCompleted { Timing: var timing })
        Console.WriteLine($"{update.Progress, 4:0%} round {timing.Round}: {timing.Stage} took {timing.Duration.TotalSeconds:0.00} s");
    if (update is RunCompleted<AlignmentResult> completed)
        all = completed.Result;
}

var result = all!.Items[0];
var round = result.Candidates[1];
ImageFile.SavePng("before.png", result.BaseImage);
ImageFile.SavePng("after.png", result.Image);
ImageFile.SavePng("side-by-side.png", SideBySide.Join(SideBySide.Enlarge(result.BaseImage), SideBySide.Enlarge(result.Image)));
Console.WriteLine($"asked: {round.Question}");
Console.WriteLine($"answered: {round.Critique}");
Console.WriteLine(
    $"{result.BaseScores[0].Scorer}: {result.BaseScores[0].Value:0.000} before, {round.Scores[0].Value:0.000} after, "
        + $"{(round.Accepted ? "kept" : "not kept")}"
);
Console.WriteLine($"wrote before.png, after.png and side-by-side.png after {all.Report.Duration.TotalSeconds:0.0} s");
