using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Runtime;
using ImgAlign.Tests.Imaging;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Detectors;

/// <summary>Detectors as other tools write them: every layout must give the numbers of the folder as published.</summary>
public sealed class DetectorLayoutTests : ModelTestBase
{
    private static readonly string Mllm = Path.Combine(TestData.Golden, "mllm");
    private static readonly RgbImage Picture = TestImages.Plain(64, 64, 0, 0, 0);

    [Theory]
    [InlineData("llava-hf", "base_model.model.")]
    [InlineData("llava-original", "state_dict.")]
    [InlineData("qwen", "module.")]
    public void Weights_are_found_behind_any_prefix(string model, string prefix)
    {
        Folder.Link(
            Path.Combine(Mllm, model),
            isLeftOut: static name =>
                name.Contains("model-0", StringComparison.Ordinal) || name.EndsWith(".index.json", StringComparison.Ordinal)
        );
        Folder.Rewrite(
            "model.safetensors",
            Path.Combine(Mllm, model),
            tensors => tensors.Select(pair => KeyValuePair.Create(prefix + pair.Key, pair.Value))
        );
        AssertSame(model);
    }

    [Theory]
    [InlineData("llava-hf", "tokenizer.model")]
    [InlineData("qwen", "vocab.json", "merges.txt")]
    public void A_folder_of_transformers_5_has_its_tokenizer_and_its_processors_in_one_file_each(string model, params string[] gone)
    {
        Folder.Link(
            Path.Combine(Mllm, model),
            isLeftOut: name => gone.Contains(name) || name is "preprocessor_config.json" or "processor_config.json"
        );
        Folder.Write(
            "processor_config.json",
            $$"""{"image_processor": {{File.ReadAllText(Path.Combine(Mllm, model, "preprocessor_config.json"))}}}"""
        );
        AssertSame(model);
    }

    private void AssertSame(string model)
    {
        using var expected = Detect(Path.Combine(Mllm, model));
        using var actual = Detect(Folder.Path);
        Assert.True(expected.HiddenStates.allclose(actual.HiddenStates, 1e-6, 1e-6));
    }

    private Detection Detect(string path)
    {
        using IMisalignmentDetector detector =
            Path.GetFileName(path) == "qwen" || File.Exists(Path.Combine(path, "chat_template.json"))
                ? new QwenDetector(Runtime, new QwenOptions { ModelPath = path, MaxPixels = 3136 })
                : new LlavaDetector(
                    Runtime,
                    new LlavaOptions { ModelPath = path, VisionTowerPath = Path.Combine(Mllm, "clip-vit-large-patch14-336") }
                );
        return detector.Detect(Picture, "What is this?");
    }
}
