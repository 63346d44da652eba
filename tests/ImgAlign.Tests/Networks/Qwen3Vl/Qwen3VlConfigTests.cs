using System.Text.Json;
using System.Text.Json.Nodes;
using ImgAlign.Networks.Qwen3Vl;

namespace ImgAlign.Tests.Networks.Qwen3Vl;

public class Qwen3VlConfigTests
{
    private static readonly string Folder = Path.Combine(TestData.Golden, "qwen3vl", "qwen3vl");

    [Fact]
    public void A_published_layout_is_read()
    {
        var config = Qwen3VlConfig.Read(Folder);
        Assert.Equal((6, 1.0), (config.PositionTableSide, config.RepetitionPenalty));
        Assert.Equal([1, 2, 4], config.DeepstackBlocks);
        Assert.True(config.Text is { HasQueryKeyNorms: true, InterleavesAxes: true, HeadWidth: 24, RopeTheta: 5e6 });
        Assert.Equal([0, 1, 2, 0, 1, 2, 0, 1, 2, 0, 0, 0], config.Text.RopeAxes);
        Assert.Equal(2, config.StopTokens.Count);
    }

    [Fact]
    public void Tied_embeddings_at_the_top_level_count()
    {
        var json = Json();
        json["tie_word_embeddings"] = true;
        Assert.True(Parse(json).Text.TieWordEmbeddings);
    }

    [Theory]
    [InlineData("num_position_embeddings", "35", "must be a square")]
    [InlineData("deepstack_visual_indexes", "[1, 5]", "must be blocks from 0 to 4")]
    [InlineData("deepstack_visual_indexes", "[0, 1, 2, 3, 4]", "at most one a layer")]
    [InlineData("out_hidden_size", "32", "the vision tower gives a width of 32")]
    public void What_no_Qwen3_VL_has_is_refused(string field, string value, string message)
    {
        var json = Json();
        json["vision_config"]![field] = JsonNode.Parse(value);
        var exception = Assert.Throws<ImgAlignException>(() => Parse(json));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Another_model_is_named()
    {
        var json = Json();
        json["model_type"] = "qwen2_5_vl";
        Assert.Contains(
            "give the folder of a Qwen3-VL",
            Assert.Throws<ImgAlignException>(() => Parse(json)).Message,
            StringComparison.Ordinal
        );
    }

    private static JsonNode Json() => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "config.json")))!;

    private static Qwen3VlConfig Parse(JsonNode json) => Qwen3VlConfig.FromJson(json.Deserialize<JsonElement>(), "config.json");
}
