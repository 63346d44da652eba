using ImgAlign.Checkpoints;
using ImgAlign.Networks.T5;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.T5;

public class T5EncoderModelTests
{
    private static readonly T5Config Config = new()
    {
        VocabSize = 20,
        DModel = 12,
        DKv = 6,
        DFf = 16,
        NumLayers = 2,
        NumHeads = 3,
        FeedForwardProj = "gated-gelu",
    };

    [Fact]
    public void The_embedding_may_have_either_name_and_a_decoder_is_left_alone()
    {
        using var scope = NewDisposeScope();
        using var network = new T5EncoderModel(Config, META);
        using var weights = RuleWeights.For(
            network,
            name => name == "shared.weight" ? "encoder.embed_tokens.weight" : name,
            "decoder.final_layer_norm.weight",
            "lm_head.weight"
        );
        CheckpointBinder.Bind(network, weights, T5EncoderModel.Names(weights), float32, CPU);
        var before = LiveTensors.Count();
        using (NewDisposeScope())
            Assert.Equal([2L, 7, 12], network.call(ones(2, 7, int64)).shape);
        Assert.Equal(before, LiveTensors.Count());
    }

    [Theory]
    [InlineData("""{"feed_forward_proj": "relu"}""", "feed_forward_proj")]
    [InlineData("""{"feed_forward_proj": "gated-gelu", "num_heads": 0}""", "num_heads")]
    [InlineData("""{"feed_forward_proj": "gated-gelu", "relative_attention_num_buckets": 6}""", "relative_attention_num_buckets")]
    public void What_is_not_known_is_refused(string json, string named)
    {
        using var document = System.Text.Json.JsonDocument.Parse(json);
        Assert.Contains(
            named,
            Assert.Throws<ImgAlignException>(() => T5Config.FromJson(document.RootElement, "config.json")).Message,
            StringComparison.Ordinal
        );
    }
}
