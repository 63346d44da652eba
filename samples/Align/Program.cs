using ImgAlign;
using ImgAlign.Alignment;
using ImgAlign.Backbones;
using ImgAlign.Detectors;
using ImgAlign.Imaging;
using ImgAlign.Runtime;

// Align                                    the tiny stand-ins of this repository, which draw noise and not pictures
// Align GOLDEN                             the same, from another place: the folder tests/golden
// Align SDXL CKPTS LLAVA "a prompt"        published checkpoints; CKPTS is the authors' folder (docs/checkpoints.md)
var here = Path.Combine(AppContext.BaseDirectory, "../../../../../tests/golden");
var (sdxl, ckpts, llava, aligner, headWidth, prompt) = args switch
{
    [] => Tiny(here),
    [var golden] => Tiny(golden),
    [var model, var released, var detector, var text] => (model, released, detector, Path.Combine(released, "aligner_sdxl.pth"), 64, text),
    _ => throw new ArgumentException("Give nothing, the folder tests/golden, or SDXL CKPTS LLAVA PROMPT."),
};
var isTiny = args.Length < 2;

// One runtime a device; models on it share its worker thread and its memory policy.
using var runtime = new DeviceRuntime(new RuntimeOptions { Device = "cpu", Residency = ResidencyPolicy.LoadOnDemand });
using var backbone = new SdxlBackbone(runtime, new SdxlOptions { ModelPath = sdxl, ImagePromptPath = ckpts });
using var reader = new LlavaDetector(runtime, new LlavaOptions { ModelPath = llava });
using var implicitAligner = new ImplicitAligner(runtime, aligner, headWidth);
using var pipeline = new AlignmentPipeline(runtime, backbone, reader, implicitAligner);

var request = new AlignmentRequest
{
    Prompt = prompt,
    Seed = 306,
    Steps = isTiny ? 5 : null,  // null: the model's default, 50
    Size = isTiny ? new ImageSize(64, 64) : null,
};
AlignmentResult? result = null;
await foreach (var update in pipeline.StreamAsync(request))
{
    Console.WriteLine($"round {update.Round}: {update.Stage} {update.Step}/{update.StepCount}");
    result = update.Result;  // with the last update
}

ImageFile.SavePng("before.png", result!.BaseImage);
ImageFile.SavePng("after.png", result.Image);
Console.WriteLine($"asked: {result.Rounds[0].Question}");
Console.WriteLine($"wrote before.png and after.png after {result.Report.Duration.TotalSeconds:0.0} s");

static (string, string, string, string, int, string) Tiny(string golden) => (
    Path.Combine(golden, "sdxl/checkpoint"), Path.Combine(golden, "sdxl/ckpts"), Path.Combine(golden, "mllm/llava-hf"),
    Path.Combine(golden, "round/aligner_sdxl_llava.pth"), 16, "A robot penguin wearing a top hat and playing a vintage trumpet under a rainbow.");
