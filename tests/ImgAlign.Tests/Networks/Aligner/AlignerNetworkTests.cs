using ImgAlign.Checkpoints;
using ImgAlign.Networks.Aligner;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Testing.Golden;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Aligner;

public sealed class AlignerNetworkTests : IDisposable
{
    private static readonly PerceiverConfig Config = new(
        InputWidth: 12,
        Width: 16,
        OutputWidth: 16,
        Depth: 2,
        Heads: 3,
        HeadWidth: 8,
        FeedForwardWidth: 20
    );

    private readonly DisposeScope scope = NewDisposeScope();

    [Theory]
    [InlineData("")]
    [InlineData("module.")]
    [InlineData("state_dict.module.")]
    public void Sizes_follow_from_the_shapes_behind_any_prefix(string prefix)
    {
        using var weights = RuleWeights.For(new AlignerNetwork(Config, META), name => prefix + name);
        using var network = AlignerNetwork.FromShapes(weights, headWidth: 8);
        Assert.Equal(Config, network.Config);
        CheckpointBinder.Verify(network, weights, AlignerNetwork.Names(weights));
    }

    [Fact]
    public void Other_files_are_refused()
    {
        using var wrongHeads = RuleWeights.For(new AlignerNetwork(Config, META));
        Assert.Contains(
            "head width 64",
            Assert.Throws<CheckpointException>(() => AlignerNetwork.FromShapes(wrongHeads)).Message,
            StringComparison.Ordinal
        );
        using var another = new RuleCheckpoint(1, [new("conv_in.weight", [2, 2])]);
        Assert.Throws<CheckpointException>(() => AlignerNetwork.FromShapes(another));
        Assert.Throws<ImgAlignException>(() => new AlignerNetwork(Config with { OutputWidth = 20 }, META));
    }

    [Fact]
    public void Prepared_passes_are_single_passes_one_after_the_other_and_leave_nothing_behind()
    {
        using var network = Load();
        var (h, z) = (rand(2, 9, 12), rand(2, 4, 16));
        var once = network.call(h, z);
        var twice = network.call(h, once);
        var before = LiveTensors.Count();
        using (var context = network.Prepare(h))
        using (var first = network.Pass(context, z))
        using (var second = network.Pass(context, first))
        {
            Assert.True(first.equal(once).all().item<bool>());
            Assert.True(second.equal(twice).all().item<bool>());
        }
        Assert.InRange(LiveTensors.Count() - before, 0, 4);
    }

    [Fact]
    public void Gradients_reach_every_weight()
    {
        using var network = Load();
        foreach (var parameter in network.parameters())
            parameter.requires_grad = true;
        network.call(rand(1, 9, 12), rand(1, 4, 16)).square().sum().backward();
        Assert.All(
            network.parameters(),
            parameter => Assert.True(parameter.grad is not null && parameter.grad.abs().sum().item<float>() > 0)
        );
    }

    public void Dispose() => scope.Dispose();

    private static AlignerNetwork Load()
    {
        var network = new AlignerNetwork(Config, META);
        using var weights = RuleWeights.For(network);
        CheckpointBinder.Bind(network, weights, AlignerNetwork.Names(weights));
        return network;
    }
}
