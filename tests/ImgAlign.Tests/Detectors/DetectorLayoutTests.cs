using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Runtime;
using ImgAlign.Tests.Checkpoints;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Detectors;

/// <summary>Detectors as other tools write them: every layout must give the numbers of the folder as published.</summary>
public sealed class DetectorLayoutTests : IDisposable
{
    private static readonly string Mllm = Path.Combine(TestData.Golden, "mllm");
    private static readonly RgbImage Picture = new(64, 64, new byte[64 * 64 * 3]);

    private readonly TemporaryFolder folder = new();
    private readonly DeviceRuntime runtime = new(new RuntimeOptions { Threads = 1 });

    public void Dispose()
    {
        runtime.Dispose();
        folder.Dispose();
    }

    [Theory]
    [InlineData("llava-hf", "base_model.model.")]
    [InlineData("llava-original", "state_dict.")]
    [InlineData("qwen", "module.")]
    public void Weights_are_found_behind_any_prefix(string model, string prefix)
    {
        Copy(model, static name => name.Contains("model-0", StringComparison.Ordinal) || name.EndsWith(".index.json", StringComparison.Ordinal));
        using (var scope = NewDisposeScope())
        {
            using var file = Checkpoint.Open(Path.Combine(Mllm, model));
            SafetensorsWriter.Write(folder.File("model.safetensors"), file.Tensors.Keys.ToDictionary(name => prefix + name, file.Read));
        }
        AssertSame(model);
    }

    [Theory]
    [InlineData("llava-hf", "tokenizer.model")]
    [InlineData("qwen", "vocab.json", "merges.txt")]
    public void A_folder_of_transformers_5_has_its_tokenizer_and_its_processors_in_one_file_each(string model, params string[] gone)
    {
        Copy(model, name => gone.Contains(name) || name is "preprocessor_config.json" or "processor_config.json");
        folder.Write("processor_config.json", $$"""{"image_processor": {{File.ReadAllText(Path.Combine(Mllm, model, "preprocessor_config.json"))}}}""");
        AssertSame(model);
    }

    private void Copy(string model, Predicate<string> isLeftOut)
    {
        foreach (var path in Directory.EnumerateFiles(Path.Combine(Mllm, model)).Where(path => !isLeftOut(Path.GetFileName(path))))
            File.CreateSymbolicLink(folder.File(Path.GetFileName(path)), path);
    }

    private void AssertSame(string model)
    {
        using var expected = Detect(Path.Combine(Mllm, model));
        using var actual = Detect(folder.Path);
        Assert.True(expected.HiddenStates.allclose(actual.HiddenStates, 1e-6, 1e-6));
    }

    private Detection Detect(string path)
    {
        using IMisalignmentDetector detector = Path.GetFileName(path) == "qwen" || File.Exists(Path.Combine(path, "chat_template.json"))
            ? new QwenDetector(runtime, new QwenOptions { ModelPath = path, MaxPixels = 3136 })
            : new LlavaDetector(runtime, new LlavaOptions { ModelPath = path, VisionTowerPath = Path.Combine(Mllm, "clip-vit-large-patch14-336") });
        return detector.Detect(Picture, "What is this?");
    }
}
