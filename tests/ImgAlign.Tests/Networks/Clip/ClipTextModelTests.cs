using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Clip;

public sealed class ClipTextModelTests : IDisposable
{
    private static readonly ClipTextConfig Config = new()
    {
        VocabSize = 20,
        HiddenSize = 16,
        IntermediateSize = 24,
        NumHiddenLayers = 3,
        NumAttentionHeads = 2,
        MaxPositionEmbeddings = 6,
        EosTokenId = 2,
    };

    private readonly DisposeScope scope = NewDisposeScope();

    [Theory]
    [InlineData("")]
    [InlineData("text_model.")]
    [InlineData("conditioner.text_model.")]
    public void Names_are_found_with_and_without_the_towers(string prefix)
    {
        using var network = new ClipTextModel(Config, META);
        using var weights = RuleWeights.For(network, name => prefix + name, prefix + "embeddings.position_ids");
        CheckpointBinder.Verify(
            network,
            weights,
            network.Names(weights, prefix.StartsWith("cond", StringComparison.Ordinal) ? "conditioner." : "")
        );
    }

    [Fact]
    public void The_other_tower_is_left_alone_but_a_stray_name_is_not()
    {
        using var network = new ClipTextModel(Config, META);
        using var both = RuleWeights.For(
            network,
            name => "text_model." + name,
            "vision_model.post_layernorm.weight",
            "logit_scale",
            "text_projection.weight"
        );
        CheckpointBinder.Verify(network, both, network.Names(both));

        using var stray = RuleWeights.For(network, name => "text_model." + name, "text_model.encoder.layers.3.layer_norm1.weight");
        Assert.Equal(
            "text_model.encoder.layers.3.layer_norm1.weight",
            Assert.Throws<CheckpointException>(() => CheckpointBinder.Verify(network, stray, network.Names(stray))).TensorName
        );
    }

    [Fact]
    public void Without_its_last_block_it_gives_the_same_penultimate_states()
    {
        var ids = tensor(new long[] { 1, 5, 9, 19, 19, 19 }).unsqueeze(0);
        using var whole = Load(Config);
        using var shorter = Load(Config, penultimateOnly: true);
        var (full, penultimate) = (whole.call(ids), shorter.call(ids));
        Assert.True(full.Penultimate.equal(penultimate.Penultimate).all().item<bool>());
        Assert.Null(penultimate.Pooled);
    }

    [Theory]
    [InlineData(2, 1)] // stands for the largest id, at its first place
    [InlineData(7, 2)]
    [InlineData(3, 0)] // not there
    public void The_pooled_state_is_the_end_tokens(int eosTokenId, int position)
    {
        using var network = Load(Config with { EosTokenId = eosTokenId });
        var output = network.call(tensor(new long[] { 1, 19, 7, 7, 19, 0 }).unsqueeze(0));
        Assert.True(output.Pooled!.equal(output.LastHiddenState!.select(1, position)).all().item<bool>());
    }

    [Fact]
    public void A_call_leaves_nothing_behind()
    {
        using var network = Load(Config);
        var (ids, tooLong) = (zeros(2, 6, int64), zeros(1, 7, int64));
        var before = LiveTensors.Count();
        network.call(ids).Dispose();
        Assert.Throws<ArgumentException>(() => network.call(tooLong));
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void A_whole_models_configuration_holds_the_towers()
    {
        var json = System
            .Text.Json.JsonDocument.Parse(
                """{"architectures": ["CLIPModel"], "projection_dim": 40, "text_config": {"hidden_size": 24, "num_attention_heads": 3}}"""
            )
            .RootElement;
        var config = ClipTextConfig.FromJson(json, "config.json");
        Assert.Equal((24, 40, true, 12), (config.HiddenSize, config.ProjectionDim, config.HasProjection, config.NumHiddenLayers));
    }

    public void Dispose() => scope.Dispose();

    private static ClipTextModel Load(ClipTextConfig config, bool penultimateOnly = false)
    {
        using var whole = new ClipTextModel(config, META);
        using var weights = RuleWeights.For(whole, name => "text_model." + name);
        var network = new ClipTextModel(config, META, penultimateOnly);
        CheckpointBinder.Bind(network, weights, network.Names(weights));
        return network;
    }
}
