using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Clip;

public sealed class ClipVisionModelTests : IDisposable
{
    private static readonly ClipVisionConfig Config = new()
    {
        HiddenSize = 16,
        IntermediateSize = 24,
        NumHiddenLayers = 2,
        NumAttentionHeads = 2,
        ImageSize = 8,
        PatchSize = 4,
        ProjectionDim = 10,
        Architectures = ["CLIPVisionModelWithProjection"],
    };

    private readonly DisposeScope scope = NewDisposeScope();

    [Fact]
    public void A_batch_equals_its_items_and_leaves_nothing_behind()
    {
        using var network = Load(penultimateOnly: false);
        var pixels = rand(3, 3, 8, 8);
        var before = LiveTensors.Count();
        using (var whole = network.call(pixels))
        using (var item = pixels.narrow(0, 1, 1))
        using (var single = network.call(item))
        using (var row = whole.Pooled!.narrow(0, 1, 1))
        {
            Assert.Equal([3L, 5, 16], whole.Penultimate.shape);
            Assert.Equal([3L, 10], whole.Pooled!.shape);
            Assert.True(row.allclose(single.Pooled!, 1e-5, 1e-5));
        }
        Assert.Equal(before, LiveTensors.Count());
        Assert.Throws<ArgumentException>(() => network.call(pixels.view(1, 3, 24, 8)));
    }

    [Fact]
    public void Without_its_last_block_it_gives_the_same_penultimate_states()
    {
        using var whole = Load(penultimateOnly: false);
        using var shorter = Load(penultimateOnly: true);
        var pixels = rand(1, 3, 8, 8);
        Assert.True(whole.call(pixels).Penultimate.equal(shorter.call(pixels).Penultimate).all().item<bool>());
    }

    [Fact]
    public void Runs_in_bfloat16_on_float32_pixels()
    {
        using var network = Load(penultimateOnly: false, bfloat16);
        Assert.Equal(bfloat16, network.call(rand(1, 3, 8, 8)).Pooled!.dtype);
    }

    public void Dispose() => scope.Dispose();

    private static ClipVisionModel Load(bool penultimateOnly, ScalarType? type = null)
    {
        using var whole = new ClipVisionModel(Config, META);
        using var weights = RuleWeights.For(
            whole,
            name => name.StartsWith("visual_projection", StringComparison.Ordinal) ? name : "vision_model." + name,
            "vision_model.embeddings.position_ids"
        );
        var network = new ClipVisionModel(Config, META, penultimateOnly);
        CheckpointBinder.Bind(network, weights, network.Names(weights), type);
        return network;
    }
}
