using System.Text.Json;
using System.Text.Json.Nodes;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Qwen;
using ImgAlign.Testing.Golden;
using TorchSharp;

namespace ImgAlign.Tests.Networks.Qwen;

public class QwenConfigTests
{
    private static readonly JsonObject Published = Read("config.json");

    [Fact]
    public void Both_forms_of_the_file_say_the_same()
    {
        var text = Published.DeepClone().AsObject();
        text.Remove("vision_config");
        text.Remove("rope_scaling");
        text["rope_parameters"] = JsonNode.Parse(
            """{"mrope_section": [2, 3, 3], "rope_theta": 1000000.0, "rope_type": "default", "type": "default"}"""
        );
        text.Remove("rope_theta");
        var newer = new JsonObject
        {
            ["model_type"] = "qwen2_5_vl",
            ["image_token_id"] = 1912,
            ["text_config"] = text,
            ["vision_config"] = Published["vision_config"]!.DeepClone(),
        };

        var (expected, actual) = (Parse(Published), Parse(newer));
        Assert.Equal(expected.Text with { RopeSections = null }, actual.Text with { RopeSections = null });
        Assert.Equal(expected.Text.RopeSections, actual.Text.RopeSections);
        Assert.Equal(expected.ImageTokenId, actual.ImageTokenId);
    }

    [Fact]
    public void Answers_end_where_the_generation_config_says() => Assert.Equal([1900, 1902], TinyQwen.Config.StopTokens.Order());

    [Theory]
    [InlineData("""{"model_type": "llava"}""", "'llava'")]
    [InlineData("""{"use_sliding_window": true}""", "use_sliding_window")]
    [InlineData("""{"rope_scaling": null}""", "mrope_section")]
    [InlineData("""{"rope_scaling": {"type": "mrope"}}""", "'mrope'")]
    [InlineData("""{"rope_scaling": {"type": "mrope", "mrope_section": [2, 3, 4]}}""", "[2, 3, 4]")]
    [InlineData("""{"rope_scaling": {"type": "yarn", "mrope_section": [2, 3, 3]}}""", "'yarn'")]
    [InlineData("""{"vision_config": {"out_hidden_size": 128}}""", "128")]
    [InlineData("""{"vision_config": null}""", "vision_config")]
    [InlineData("""{"vision_config": {"num_heads": 5}}""", "5 heads")]
    [InlineData("""{"vision_config": {"window_size": 14}}""", "14 pixels")]
    [InlineData("""{"vision_config": {"in_channels": 1}}""", "in_channels")]
    [InlineData("""{"vision_config": {"depth": 0}}""", "at least 1")]
    [InlineData("""{"vision_config": {"hidden_act": "mish"}}""", "'mish'")]
    public void What_it_cannot_be_is_said(string changes, string expected)
    {
        var json = Published.DeepClone().AsObject();
        foreach (var (name, value) in JsonNode.Parse(changes)!.AsObject())
            json[name] = value?.DeepClone();
        Assert.Contains(expected, Assert.Throws<ImgAlignException>(() => Parse(json)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Weights_are_found_in_both_layouts(bool newer)
    {
        using var published = Checkpoint.Open(TinyQwen.Folder);
        using var checkpoint = new RuleCheckpoint(
            1,
            published.Tensors.Select(pair => KeyValuePair.Create(newer ? Newer(pair.Key) : pair.Key, pair.Value.Shape.ToArray()))
        );
        using var network = new QwenModel(TinyQwen.Config, torch.META);
        CheckpointBinder.Verify(network, checkpoint, QwenWeights.Names(checkpoint, TinyQwen.Config));

        static string Newer(string name) =>
            name.StartsWith("visual.", StringComparison.Ordinal)
                ? "model." + name
                : name.Replace("model.", "model.language_model.", StringComparison.Ordinal);
    }

    [Fact]
    public void A_tied_head_may_be_in_the_file_or_not()
    {
        var config = TinyQwen.Config with { Text = TinyQwen.Config.Text with { TieWordEmbeddings = true } };
        using var published = Checkpoint.Open(TinyQwen.Folder);
        using var network = new QwenModel(config, torch.META);
        CheckpointBinder.Verify(network, published, QwenWeights.Names(published, config));
        using var without = new RuleCheckpoint(
            1,
            published
                .Tensors.Where(pair => pair.Key != "lm_head.weight")
                .Select(pair => KeyValuePair.Create(pair.Key, pair.Value.Shape.ToArray()))
        );
        CheckpointBinder.Verify(network, without, QwenWeights.Names(without, config));
        using var untied = new QwenModel(TinyQwen.Config, torch.META);
        Assert.Contains(
            "lm_head.weight",
            Assert
                .Throws<CheckpointException>(() => CheckpointBinder.Verify(untied, without, QwenWeights.Names(without, TinyQwen.Config)))
                .Message,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public void Another_model_is_named()
    {
        using var checkpoint = Checkpoint.Open(Path.Combine(TestData.Golden, "mllm", "llava-hf"));
        Assert.Contains(
            "no Qwen2.5-VL",
            Assert.Throws<CheckpointException>(() => QwenWeights.Names(checkpoint, TinyQwen.Config)).Message,
            StringComparison.Ordinal
        );
    }

    private static QwenConfig Parse(JsonObject json) => QwenConfig.FromJson(JsonSerializer.SerializeToElement(json), "config.json");

    private static JsonObject Read(string name) => JsonNode.Parse(File.ReadAllText(Path.Combine(TinyQwen.Folder, name)))!.AsObject();
}
