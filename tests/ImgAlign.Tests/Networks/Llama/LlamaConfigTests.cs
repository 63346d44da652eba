using System.Text.Json;
using ImgAlign.Networks.Llama;

namespace ImgAlign.Tests.Networks.Llama;

public class LlamaConfigTests
{
    [Fact]
    public void What_the_published_7B_leaves_out_is_as_in_transformers()
    {
        var config = Parse("""{"max_position_embeddings": 4096, "rms_norm_eps": 1e-5, "vocab_size": 32064, "rope_scaling": null}""");
        Assert.Equal(
            (4096, 11008, 32, 32, 32, 128),
            (
                config.HiddenSize,
                config.IntermediateSize,
                config.NumHiddenLayers,
                config.NumAttentionHeads,
                config.KeyValueHeads,
                config.HeadWidth
            )
        );
        Assert.Equal((10000.0, 1e-5, false), (config.RopeTheta, config.RmsNormEps, config.TieWordEmbeddings));
    }

    [Fact]
    public void The_base_is_found_where_transformers_5_writes_it() =>
        Assert.Equal(500000, Parse("""{"rope_parameters": {"rope_theta": 500000.0, "rope_type": "default"}}""").RopeTheta);

    [Theory]
    [InlineData("""{"rope_scaling": {"type": "linear", "factor": 2.0}}""", "'linear'")]
    [InlineData("""{"num_attention_heads": 7}""", "7 heads")]
    [InlineData("""{"num_key_value_heads": 5}""", "5 key-value heads")]
    [InlineData("""{"hidden_act": "mish"}""", "'mish'")]
    [InlineData("""{"hidden_size": "wide"}""", "hidden_size")]
    [InlineData("""{"vocab_size": 0}""", "at least 1")]
    public void What_it_cannot_be_is_said(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<ImgAlignException>(() => Parse(json)).Message, StringComparison.Ordinal);

    private static LlamaConfig Parse(string json) => LlamaConfig.FromJson(JsonDocument.Parse(json).RootElement, "config.json");
}
