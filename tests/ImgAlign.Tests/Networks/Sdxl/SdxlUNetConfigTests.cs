using System.Text.Json;
using ImgAlign.Networks.Sdxl;

namespace ImgAlign.Tests.Networks.Sdxl;

public class SdxlUNetConfigTests
{
    [Theory]
    [InlineData("\"addition_embed_type\": null", "addition_embed_type is absent")]
    [InlineData("\"act_fn\": \"mish\"", "act_fn is \"mish\"")]
    [InlineData("\"num_attention_heads\": 8", "num_attention_heads is 8")]
    [InlineData("\"time_cond_proj_dim\": 256", "time_cond_proj_dim is 256")]
    [InlineData("\"down_block_types\": [\"DownBlock2D\"]", "equally long")]
    [InlineData("\"up_block_types\": [\"UpBlock2D\", \"UpBlock2D\", \"AttnUpBlock2D\"]", "'AttnUpBlock2D' is not known")]
    [InlineData("\"mid_block_type\": null", "mid block type 'null'")]
    [InlineData("\"attention_head_dim\": [1, 2]", "attention_head_dim has 2 entries for 3 blocks")]
    [InlineData("\"norm_num_groups\": 7", "norm_num_groups")]
    [InlineData("\"norm_num_groups\": 0", "must be positive")]
    [InlineData("\"transformer_layers_per_block\": [0, [1, 2], 1]", "reverse_transformer_layers_per_block must be given")]
    [InlineData("\"transformer_layers_per_block\": \"two\"", "transformer_layers_per_block")]
    [InlineData("\"block_out_channels\": null", "block_out_channels")]
    [InlineData("\"cross_attention_dim\": [8, 8, 8]", "cross_attention_dim")]
    public void A_network_that_is_not_here_is_refused(string change, string message) =>
        Assert.Contains(message, Assert.Throws<ImgAlignException>(() => TinyUNet.Config(change)).Message, StringComparison.Ordinal);

    [Fact]
    public void Absent_fields_have_the_defaults_of_diffusers()
    {
        var config = SdxlUNetConfig.FromJson(JsonDocument.Parse("""{"addition_embed_type": "text_time"}""").RootElement, "config.json");
        Assert.Equal([320, 640, 1280, 1280], config.BlockOutChannels);
        Assert.Equal([8], config.AttentionHeadDim);
        Assert.Equal(1280, config.TimeEmbeddingWidth);
        Assert.False(config.UseLinearProjection);
    }

    [Fact]
    public void Lists_within_transformer_layers_are_one_a_residual_block()
    {
        var config = TinyUNet.Config(
            "\"layers_per_block\": 2",
            "\"transformer_layers_per_block\": [0, [1, 2], 3]",
            "\"reverse_transformer_layers_per_block\": [[4, 5, 6], 1, 0]"
        );
        var plan = UNetPlan.Of(config);
        Assert.Equal([1, 2], plan.Down[1].Layers.Select(layer => layer.TransformerLayers));
        Assert.Equal([3, 3], plan.Down[2].Layers.Select(layer => layer.TransformerLayers));
        Assert.Equal([3, null], plan.Mid.Layers.Select(layer => layer.TransformerLayers));
        Assert.Equal([4, 5, 6], plan.Up[0].Layers.Select(layer => layer.TransformerLayers));
    }
}
