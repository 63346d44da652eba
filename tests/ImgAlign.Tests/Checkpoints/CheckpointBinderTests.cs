using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using TorchSharp;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Checkpoints;

public sealed class CheckpointBinderTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    private sealed class Network : nn.Module
    {
        [ComponentName(Name = "first")]
        private readonly CompactLinear first = new(2, 3, hasBias: true, META);

        public Network()
            : base(nameof(Network)) => RegisterComponents();

        public CompactLinear First => first;
    }

    private Checkpoint Saved(params (string Name, Tensor Value)[] tensors)
    {
        var path = folder.File("x.safetensors");
        SafetensorsWriter.Write(path, tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Value));
        return Checkpoint.Open(path);
    }

    [Fact]
    public void Gives_weights_and_leaks_nothing()
    {
        using var network = new Network();
        var before = LiveTensors.Count();
        using (NewDisposeScope())
        {
            using var checkpoint = Saved(("first.weight", ones(3, 2)), ("first.bias", zeros(3)));
            CheckpointBinder.Bind(network, checkpoint, WeightMap.Identity);
            CheckpointBinder.Bind(network, checkpoint, WeightMap.Identity, bfloat16);
            Assert.Equal(bfloat16, network.First.Weight.dtype);
            Assert.Equal(6, network.First.Weight.to(float32).sum().item<float>());
        }
        Assert.Equal(before, LiveTensors.Count()); // its two parameters are others now
    }

    [Theory]
    [InlineData("first.weight", "is missing; Network needs it with shape [3, 2]")]
    [InlineData("first.bias", "is missing; Network needs it with shape [3]")]
    public void Names_what_is_missing(string missing, string problem)
    {
        using var checkpoint = Saved(missing == "first.bias" ? ("first.weight", ones(3, 2)) : ("first.bias", zeros(3)));
        AssertRefused(checkpoint, missing, problem);
    }

    [Fact]
    public void Names_what_is_left_over()
    {
        using var checkpoint = Saved(("first.weight", ones(3, 2)), ("first.bias", zeros(3)), ("second.bias", zeros(3)));
        AssertRefused(checkpoint, "second.bias", "is not part of Network");
        using var network = new Network();
        CheckpointBinder.Verify(network, checkpoint, WeightMap.Identity.Ignoring(name => name == "second.bias"));
    }

    [Fact]
    public void Names_a_wrong_shape()
    {
        using var checkpoint = Saved(("first.weight", ones(2, 3)), ("first.bias", zeros(3)));
        AssertRefused(checkpoint, "first.weight", "has shape [2, 3] but Network needs [3, 2]");
    }

    [Fact]
    public void Weights_come_transposed_packed_reshaped_and_stacked()
    {
        using var checkpoint = Saved(
            ("packed", arange(18, float32).view(9, 2)),
            ("t", arange(6, float32).view(2, 3)),
            ("conv", ones(3, 2, 1, 1)),
            ("a", ones(1)),
            ("b", zeros(1)),
            ("c", ones(1))
        );
        AssertWeight(checkpoint, new WeightSource.RowBlock("packed", 1, 3), [6, 7, 8, 9, 10, 11]);
        AssertWeight(checkpoint, new WeightSource.Transposed("t"), [0, 3, 1, 4, 2, 5]);
        AssertWeight(checkpoint, new WeightSource.Reshaped("conv", shape => [.. shape, 1, 1]), [1, 1, 1, 1, 1, 1]);
    }

    private static void AssertWeight(Checkpoint checkpoint, WeightSource source, float[] expected)
    {
        using var network = new Network();
        var map = new WeightMap(name => name == "first.weight" ? source : new WeightSource.Stacked("a", "b", "c"), _ => true);
        CheckpointBinder.Bind(network, checkpoint, map);
        Assert.Equal(expected, network.First.Weight.data<float>().ToArray());
        Assert.Equal([1f, 0f, 1f], network.First.Bias!.data<float>().ToArray());
    }

    [Fact]
    public void Gives_weights_to_torchsharp_s_own_layers()
    {
        using var network = nn.Sequential(
            ("linear", nn.Linear(2, 3, device: META)),
            ("conv", nn.Conv2d(1, 2, 1, device: META)),
            ("embedding", nn.Embedding(4, 2, device: META)),
            ("group", nn.GroupNorm(1, 2, device: META)),
            ("layer", nn.LayerNorm(2, device: META))
        );
        var weights = network.named_parameters().Select(pair => (pair.name, ones(pair.parameter.shape))).ToArray();
        using var checkpoint = Saved(weights);
        CheckpointBinder.Bind(network, checkpoint, WeightMap.Identity);
        Assert.All(
            network.parameters(),
            parameter => Assert.True(parameter.device_type == DeviceType.CPU && parameter.eq(1).all().item<bool>())
        );
    }

    private static void AssertRefused(Checkpoint checkpoint, string tensor, string problem)
    {
        using var network = new Network();
        var exception = Assert.Throws<CheckpointException>(() => CheckpointBinder.Bind(network, checkpoint, WeightMap.Identity));
        Assert.Equal((checkpoint.Source, tensor), (exception.Path, exception.TensorName));
        Assert.Contains(problem, exception.Message, StringComparison.Ordinal);
        Assert.Equal(DeviceType.META, network.First.Weight.device_type);
    }
}
