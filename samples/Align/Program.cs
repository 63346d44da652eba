using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign;
using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.Detectors;
using ImgAlign.Imaging;
using ImgAlign.Runtime;

// Align                              the tiny stand-ins of this repository, which draw noise and not pictures, in 5 steps
// Align SETTINGS.json "a prompt"     the models that a file names, with the keys of `imgalign align --config` (docs/quick-start.md)
// Align SETTINGS.json "a prompt" 20  the same in 20 steps; otherwise as many as the model usually takes
var (file, prompt, steps) = args switch
{
    [] => (Path.Combine(AppContext.BaseDirectory, "../../../../../samples/tiny.json"), "A robot penguin wearing a top hat and playing a vintage trumpet under a rainbow.", 5),
    [var given, var text] => (given, text, (int?)null),
    [var given, var text, var count] => (given, text, int.Parse(count)),
    _ => throw new ArgumentException("Give nothing, or SETTINGS.json PROMPT, or SETTINGS.json PROMPT STEPS."),
};
var reading = new JsonSerializerOptions { Converters = { new JsonStringEnumConverter() }, PreferredObjectCreationHandling = JsonObjectCreationHandling.Populate };
var settings = JsonSerializer.Deserialize<SettingsFile>(File.ReadAllText(file), reading)!.ImgAlign;
var output = Directory.GetCurrentDirectory();
Directory.SetCurrentDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);  // the paths in the file are relative to it

// One runtime a device; models on it share its worker thread and its memory policy.
using var runtime = new DeviceRuntime(settings);
using var backbone = new SdxlBackbone(runtime, settings.Sdxl);
using var detector = new LlavaDetector(runtime, settings.Llava);
using var aligner = new ImplicitAligner(runtime, settings.Aligner.Path, settings.Aligner.HeadWidth);
using var pipeline = new AlignmentPipeline(runtime, backbone, detector, aligner);

AlignmentResult? result = null;
await foreach (var update in pipeline.StreamAsync(new AlignmentRequest { Prompt = prompt, Seed = 306, Steps = steps }))
{
    Console.WriteLine($"round {update.Round}: {update.Stage} {update.Step}/{update.StepCount}");
    result = update.Result;  // with the last update
}

ImageFile.SavePng(Path.Combine(output, "before.png"), result!.BaseImage);
ImageFile.SavePng(Path.Combine(output, "after.png"), result.Image);
Console.WriteLine($"asked: {result.Rounds[0].Question}");
Console.WriteLine($"wrote before.png and after.png after {result.Report.Duration.TotalSeconds:0.0} s");

internal sealed class SettingsFile
{
    public Settings ImgAlign { get; init; } = new();
}

internal sealed class Settings : RuntimeOptions
{
    public SdxlOptions Sdxl { get; init; } = new();

    public LlavaOptions Llava { get; init; } = new();

    public AlignerOptions Aligner { get; init; } = new();
}
