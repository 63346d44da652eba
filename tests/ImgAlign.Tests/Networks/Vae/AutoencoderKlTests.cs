using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Vae;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Vae;

public sealed class AutoencoderKlTests : IDisposable
{
    private static readonly AutoencoderKlConfig Config = new()
    {
        DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"],
        UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
        BlockOutChannels = [4, 8],
        NormNumGroups = 4,
    };

    private readonly DisposeScope scope = NewDisposeScope();

    [Fact]
    public void Pictures_become_latents_and_pictures_again()
    {
        using var network = Load(Config);
        var (pictures, latents) = (rand(2, 3, 6, 10), rand(2, 4, 3, 5));
        var before = LiveTensors.Count();
        var (mean, logVariance) = network.Encode(pictures);
        using var decoded = network.Decode(latents);
        Assert.Equal([2L, 4, 3, 5], mean.shape);
        Assert.Equal([2L, 3, 6, 10], decoded.shape);
        mean.Dispose();
        logVariance.Dispose();
        Assert.Equal(before + 1, LiveTensors.Count());
    }

    [Fact]
    public void The_1x1_convolutions_and_the_attention_may_be_absent()
    {
        using var network = Load(
            Config with
            {
                UseQuantConv = false,
                UsePostQuantConv = false,
                MidBlockAddAttention = false,
                LatentChannels = 16,
            }
        );
        Assert.Equal([1L, 3, 4, 4], network.Decode(rand(1, 16, 2, 2)).shape);
        Assert.Equal([1L, 16, 2, 2], network.Encode(rand(1, 3, 4, 4)).Mean.shape);
    }

    [Fact]
    public void The_decoder_alone_leaves_the_encoder_in_the_file()
    {
        using var whole = new AutoencoderKl(Config, META);
        using var weights = RuleWeights.For(whole);
        using var decoder = new AutoencoderKl(Config, META, AutoencoderParts.Decoder);
        CheckpointBinder.Verify(decoder, weights, decoder.Names(weights));
        Assert.Throws<InvalidOperationException>(() => decoder.Encode(rand(1, 3, 4, 4)));
    }

    [Fact]
    public void Old_names_of_the_attention_are_known()
    {
        using var network = new AutoencoderKl(Config, META);
        using var weights = RuleWeights.For(
            network,
            name =>
                name.Replace("to_q", "query", StringComparison.Ordinal)
                    .Replace("to_k", "key", StringComparison.Ordinal)
                    .Replace("to_v", "value", StringComparison.Ordinal)
                    .Replace("to_out.0", "proj_attn", StringComparison.Ordinal)
        );
        CheckpointBinder.Verify(network, weights, network.Names(weights));
    }

    [Theory]
    [InlineData("""{"down_block_types": ["AttnDownEncoderBlock2D"]}""", "AttnDownEncoderBlock2D")]
    [InlineData("""{"act_fn": "relu"}""", "relu")]
    [InlineData("""{"norm_num_groups": 5}""", "norm_num_groups 5")]
    [InlineData("""{"block_out_channels": [64, 64]}""", "same number")]
    [InlineData("""{"latents_mean": [1, 2, 3, 4]}""", "latents_mean")]
    public void What_is_not_supported_is_named(string json, string expected) =>
        Assert.Contains(
            expected,
            Assert
                .Throws<ImgAlignException>(() => AutoencoderKlConfig.FromJson(JsonDocument.Parse(json).RootElement, "config.json"))
                .Message,
            StringComparison.Ordinal
        );

    public void Dispose() => scope.Dispose();

    private static AutoencoderKl Load(AutoencoderKlConfig config)
    {
        var network = new AutoencoderKl(config, META);
        using var weights = RuleWeights.For(network);
        CheckpointBinder.Bind(network, weights, network.Names(weights));
        return network;
    }
}
