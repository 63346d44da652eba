using ImgAlign.Checkpoints;
using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Vae;
using ImgAlign.Testing.Golden;
using ImgAlign.Tests.Networks;
using ImgAlign.Tests.Networks.Llama;
using ImgAlign.Tests.Networks.Sdxl;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Golden;

/// <summary>Cases may hold what any layer gives: each layer with weights has to be seen, whatever way its network computes it.</summary>
public class ModuleRecorderTests
{
    [Fact]
    public void Sees_every_layer_of_SDXLs_UNet()
    {
        var config = TinyUNet.Config();
        using var network = TinyUNet.Create(config);
        AssertSeen(
            network,
            () =>
            {
                using var conditioning = network.Prepare(rand(1, 5, 12), rand(1, 8), rand(1, 6));
                network.call(rand(1, 4, 8, 8), tensor(1f), conditioning);
            }
        );
    }

    [Fact]
    public void A_gated_layer_s_projection_has_both_halves()
    {
        using var scope = NewDisposeScope();
        var config = TinyUNet.Config();
        using var network = TinyUNet.Create(config);
        var path = network.named_modules().Select(pair => pair.name).First(name => name.EndsWith("ff.net.0", StringComparison.Ordinal));
        using var recorder = new ModuleRecorder(network, [path, path + ".proj"]);
        using (var conditioning = network.Prepare(rand(1, 5, 12), rand(1, 8), rand(1, 6)))
            network.call(rand(1, 4, 8, 8), tensor(1f), conditioning);
        var halves = recorder.Recorded[path + ".proj"].chunk(2, -1);
        Assert.True(recorder.Recorded[path].allclose(halves[0] * nn.functional.gelu(halves[1]), rtol: 1e-3, atol: 1e-4));
    }

    [Fact]
    public void Sees_every_layer_of_the_autoencoder()
    {
        using var network = new AutoencoderKl(
            new AutoencoderKlConfig
            {
                BlockOutChannels = [8, 16],
                NormNumGroups = 4,
                DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"],
                UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
            },
            META
        );
        Fill(network);
        AssertSeen(
            network,
            () =>
            {
                network.Decode(rand(1, 4, 4, 4));
                network.Encode(rand(1, 3, 8, 8));
            }
        );
    }

    [Fact]
    public void Sees_every_layer_of_CLIPs_image_encoder()
    {
        using var network = new ClipVisionModel(
            new ClipVisionConfig
            {
                HiddenSize = 16,
                IntermediateSize = 32,
                NumHiddenLayers = 2,
                NumAttentionHeads = 2,
                ImageSize = 28,
                PatchSize = 14,
                ProjectionDim = 8,
            },
            META
        );
        Fill(network);
        AssertSeen(network, () => network.call(rand(1, 3, 28, 28)));
    }

    [Fact]
    public void Sees_every_layer_of_a_LLaMA()
    {
        using var network = TinyLlama.Create(TinyLlama.Config);
        AssertSeen(network, () => network.call(network.Model.Embed(TinyLlama.Ids(1, 4))));
    }

    private static void Fill(nn.Module network)
    {
        using var weights = RuleWeights.For(network);
        CheckpointBinder.Bind(network, weights, WeightMap.Identity);
    }

    private static void AssertSeen(nn.Module network, Action run)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var layers = network
            .named_modules()
            .Where(pair => pair.module.parameters(recurse: false).Any() && !pair.module.named_children().Any())
            .Select(pair => pair.name)
            .ToList();
        Assert.NotEmpty(layers);
        using var recorder = new ModuleRecorder(network, layers);
        run();
        Assert.Empty(layers.Except(recorder.Recorded.Keys));
    }
}
