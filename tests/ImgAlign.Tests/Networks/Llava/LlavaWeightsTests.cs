using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Llava;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Tests.Networks.Llava;

/// <summary>The published layouts at full size, by their names and shapes alone.</summary>
public sealed class LlavaWeightsTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("imgalign-llava");

    [Theory]
    [InlineData("llava-1.5-13b-hf")]
    [InlineData("llava-1.5-7b-hf")]
    [InlineData("llava-1.5-13b")]
    [InlineData("llava-1.5-7b")]
    public void A_published_checkpoint_fits(string manifest) => Verify(manifest, name => name);

    [Fact]
    public void The_names_of_newer_transformers_fit() =>
        Verify(
            "llava-1.5-7b-hf",
            name =>
                name.StartsWith("language_model.model.", StringComparison.Ordinal)
                    ? "model.language_model." + name["language_model.model.".Length..]
                : name.StartsWith("language_model.", StringComparison.Ordinal) ? name["language_model.".Length..]
                : "model." + name
        );

    [Fact]
    public void A_tower_inside_the_authors_file_is_used()
    {
        var tower = ReadManifest("clip-vit-l14-336-vision")
            .Shapes.ToDictionary(pair => "model.vision_tower.vision_tower." + pair.Key, pair => pair.Value);
        Verify("llava-1.5-7b", name => name, tower, separateTower: false);
    }

    [Fact]
    public void A_missing_tower_is_asked_for()
    {
        var exception = Assert.Throws<CheckpointException>(() => Verify("llava-1.5-7b", name => name, separateTower: false));
        Assert.Contains("openai/clip-vit-large-patch14-336", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("model.layers.0.self_attn.extra.weight")]
    [InlineData("model.mm_projector.4.weight")]
    public void A_tensor_that_LLaVA_does_not_have_is_refused(string name)
    {
        var exception = Assert.Throws<CheckpointException>(() => Verify("llava-1.5-7b", same => same, new() { [name] = [1] }));
        Assert.Equal(name, exception.TensorName);
    }

    [Fact]
    public void Another_models_checkpoint_is_refused() =>
        Assert.Contains(
            "no LLaVA",
            Assert.Throws<CheckpointException>(() => Verify("llava-1.5-7b-hf", name => "other." + name)).Message,
            StringComparison.Ordinal
        );

    public void Dispose() => folder.Delete(recursive: true);

    private void Verify(string manifest, Func<string, string> rename, Dictionary<string, long[]>? more = null, bool separateTower = true)
    {
        var (config, shapes) = ReadManifest(manifest);
        File.WriteAllText(Path.Combine(folder.FullName, "config.json"), config);
        using var network = new LlavaModel(LlavaConfig.Read(folder.FullName), torch.META);
        using var checkpoint = new RuleCheckpoint(
            0,
            shapes.Select(pair => KeyValuePair.Create(rename(pair.Key), pair.Value)).Concat(more ?? [])
        );
        using var tower = separateTower ? new RuleCheckpoint(0, ReadManifest("clip-vit-l14-336-vision").Shapes) : null;
        foreach (var (part, source, map) in LlavaWeights.Parts(network, checkpoint, tower))
            CheckpointBinder.Verify(part, source, map);
    }

    private static (string Config, Dictionary<string, long[]> Shapes) ReadManifest(string name)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(TestData.Golden, "manifest", name + ".json")));
        return (
            json.RootElement.GetProperty("config").GetRawText(),
            json.RootElement.GetProperty("tensors").Deserialize<Dictionary<string, long[]>>()!
        );
    }
}
