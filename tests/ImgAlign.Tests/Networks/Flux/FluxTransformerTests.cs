using ImgAlign.Checkpoints;
using ImgAlign.Networks;
using ImgAlign.Networks.Flux;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Flux;

public class FluxTransformerTests
{
    private static readonly FluxConfig Config = new()
    {
        NumLayers = 1,
        NumSingleLayers = 1,
        AttentionHeadDim = 16,
        NumAttentionHeads = 2,
        JointAttentionDim = 24,
        PooledProjectionDim = 8,
        GuidanceEmbeds = true,
        AxesDimsRope = [4, 6, 6],
    };

    [Fact]
    public void Gradients_reach_every_parameter()
    {
        using var scope = NewDisposeScope();
        using var network = Create(Config);
        foreach (var (_, parameter) in network.named_parameters())
            parameter.requires_grad = true;
        Run(network, batch: 2).square().sum().backward();
        Assert.All(
            network.named_parameters(),
            pair => Assert.True(pair.parameter.grad is not null && pair.parameter.grad.abs().sum().item<float>() > 0, pair.name)
        );
    }

    [Fact]
    public void Nothing_is_left_behind()
    {
        using var network = Create(Config);
        using (no_grad())
        {
            var before = LiveTensors.Count();
            using (NewDisposeScope())
                Run(network, batch: 1);
            Assert.Throws<ArgumentException>(() =>
            {
                using (NewDisposeScope())
                    Run(network, batch: 1, channels: 60);
            });
            Assert.Equal(before, LiveTensors.Count());
        }
    }

    [Fact]
    public void A_model_without_distilled_guidance_does_not_look_at_it()
    {
        using var scope = NewDisposeScope();
        using var network = Create(Config with { GuidanceEmbeds = false });
        Assert.True(Run(network, batch: 1, guidance: 1).equal(Run(network, batch: 1, guidance: 9)).all().item<bool>());
    }

    [Fact]
    public void The_authors_file_shows_its_sizes()
    {
        using var weights = Checkpoint.Open(Path.Combine(TestData.Golden, "flux", "FLUX.1-dev", "flux1-dev.safetensors"));
        var expected = FluxConfig.Read(Path.Combine(TestData.Golden, "flux", "FLUX.1-dev", "transformer", "config.json"));
        var actual = FluxConfig.FromShapes(weights);
        Assert.Equal(expected.AxesDimsRope, actual.AxesDimsRope);
        Assert.Equal(expected with { OutChannels = 64 }, actual with { AxesDimsRope = expected.AxesDimsRope });
    }

    [Theory]
    [InlineData("""{"patch_size": 2}""", "patch_size")]
    [InlineData("""{"axes_dims_rope": [16, 56, 55]}""", "axes_dims_rope")]
    [InlineData("""{"num_attention_heads": 0}""", "positive")]
    [InlineData("""{"context_in_dim": 8, "hidden_size": 10, "num_heads": 3}""", "num_heads")]
    [InlineData("""{"context_in_dim": 8, "qkv_bias": false}""", "qkv_bias")]
    public void What_is_not_known_is_refused(string json, string named)
    {
        using var document = System.Text.Json.JsonDocument.Parse(json);
        Assert.Contains(
            named,
            Assert.Throws<ImgAlignException>(() => FluxConfig.FromJson(document.RootElement, "config.json")).Message,
            StringComparison.Ordinal
        );
    }

    private static FluxTransformer Create(FluxConfig config)
    {
        var network = new FluxTransformer(config, META);
        using var weights = RuleWeights.For(network);
        CheckpointBinder.Bind(network, weights, WeightMap.Identity, float32, CPU);
        return network;
    }

    private static Tensor Run(FluxTransformer network, int batch, double guidance = 3.5, int channels = 64)
    {
        using var conditioning = network.Prepare(
            randn(batch, 5, 24, generator: Seeded()),
            randn(batch, 8, generator: Seeded()),
            full([batch], guidance),
            zeros(5, 3),
            LatentPatches.Ids(4, 6, CPU)
        );
        return network.call(randn([batch, 6, channels], generator: Seeded()), tensor(0.7f), conditioning);
    }

    private static Generator Seeded() => new(5, CPU);
}
