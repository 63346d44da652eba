using ImgAlign;
using ImgAlign.Alignment;
using ImgAlign.Detectors;
using ImgAlign.Imaging;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Models;

// Align             a prompt of ShapeWorld, whose trained models come with the package ImgAlign.ShapeWorld
// Align "a prompt"  another one; what the world cannot draw is answered with what it can
var prompt = args is [var given] ? given : "a red circle left of a blue square";

// One runtime a device; models on it share its worker thread and its memory policy. With published checkpoints, SdxlBackbone takes the
// place of WorldBackbone, and the options say where their files are (README.md).
var world = WorldFolder.Embedded;
using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = 1 }); // the world's networks are too small for more
using var backbone = new WorldBackbone(runtime, world);
using var detector = new LlavaDetector(runtime, world.DetectorOptions());
using var aligner = new ImplicitAligner(runtime, world.Aligner);
using var scorer = new WorldScorer(runtime, world);
using var pipeline = new AlignmentPipeline(backbone, detector, aligner, new AlignmentPipelineOptions { Scorers = [scorer] });

AlignmentResult? all = null;
await foreach (var update in pipeline.StreamAsync(new AlignmentRequest(new AlignmentItem(prompt) { Seed = 0 }) { DescribeCritique = true }))
{
    if (update is StageCompleted { Timing: var timing })
        Console.WriteLine($"{update.Progress, 4:0%} round {timing.Round}: {timing.Stage} took {timing.Duration.TotalSeconds:0.00} s");
    if (update is RunCompleted<AlignmentResult> completed)
        all = completed.Result;
}

var result = all!.Items[0];
var round = result.Rounds[0];
ImageFile.SavePng("before.png", result.BaseImage);
ImageFile.SavePng("after.png", result.Image);
ImageFile.SavePng("side-by-side.png", SideBySide.Join(SideBySide.Enlarge(result.BaseImage), SideBySide.Enlarge(result.Image)));
Console.WriteLine($"asked: {round.Question}");
Console.WriteLine($"answered: {round.Critique}");
Console.WriteLine(
    $"{scorer.Name}: {result.BaseScores[0].Value:0.000} before, {round.Scores[0].Value:0.000} after, "
        + $"{(round.Accepted ? "kept" : "not kept")}"
);
Console.WriteLine($"wrote before.png, after.png and side-by-side.png after {all.Report.Duration.TotalSeconds:0.0} s");
