using ImgAlign.Detectors;
using ImgAlign.Runtime;
using ImgAlign.Tests.ShapeWorld;

namespace ImgAlign.Tests.Judges;

/// <summary>The multimodal language models of the golden cases, and ShapeWorld's.</summary>
internal static class TinyJudges
{
    public const string Llava = "llava",
        Qwen = "qwen",
        Qwen3Vl = "qwen3vl",
        World = "shapeworld";

    public static IMisalignmentDetector Create(string name, DeviceRuntime runtime) =>
        name switch
        {
            Llava => new LlavaDetector(runtime, new() { ModelPath = PathOf("llava-hf") }),
            Qwen => new QwenDetector(runtime, new() { ModelPath = PathOf("qwen") }),
            Qwen3Vl => new Qwen3VlDetector(runtime, new() { ModelPath = Path.Combine(TestData.Golden, "qwen3vl", "qwen3vl") }),
            World => new LlavaDetector(runtime, EmbeddedWorld.Folder.DetectorOptions()),
            _ => throw new ArgumentException($"'{name}' is not known.", nameof(name)),
        };

    public static string PathOf(string model) => Path.Combine(TestData.Golden, "mllm", model);
}
