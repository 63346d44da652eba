using ImgAlign.Checkpoints;
using ImgAlign.Networks.Layers;
using ImgAlign.Runtime;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Networks.Layers;

public sealed class CompactWeightTests
{
    [Fact]
    public void Int8_is_within_half_a_factor()
    {
        using var scope = NewDisposeScope();
        var weight = Rows();
        var matrix = RowFactors.Int8.Compress(weight);
        Assert.Equal((int8, 1L), (matrix.Elements.dtype, matrix.Elements.element_size()));
        var errors = (RowFactors.Int8.Expand(matrix, float32) - weight).abs();
        Assert.True((errors <= matrix.Factors! * 0.5001f).all().item<bool>());
    }

    [Fact]
    public void Float8_is_within_a_sixteenth_of_each_weight()
    {
        using var scope = NewDisposeScope();
        var weight = Rows();
        var matrix = RowFactors.Float8.Compress(weight);
        Assert.Equal(1, matrix.Elements.element_size());
        var errors = (RowFactors.Float8.Expand(matrix, float32) - weight).abs();
        // Below 2^-6 of its unit, e4m3 has even steps of 2^-9.
        Assert.True((errors <= maximum(weight.abs() * 0.062501f, matrix.Factors! * 0.000977f)).all().item<bool>());
    }

    [Theory]
    [InlineData(WeightStorage.Int8)]
    [InlineData(WeightStorage.Float8)]
    public void Zero_stays_zero(WeightStorage storage)
    {
        using var scope = NewDisposeScope();
        var form = storage == WeightStorage.Int8 ? RowFactors.Int8 : RowFactors.Float8;
        Assert.Equal(0, form.Expand(form.Compress(zeros(2, 4)), bfloat16).to(float32).abs().max().item<float>());
    }

    [Theory]
    [InlineData(WeightStorage.Int8, 0.01)]
    [InlineData(WeightStorage.Float8, 0.04)]
    public void A_layer_computes_nearly_the_same_in_less_memory(WeightStorage storage, double tolerance)
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Residency = ResidencyPolicy.LoadOnDemand });
        using var exact = Slot(runtime, WeightStorage.None);
        using var compact = Slot(runtime, storage);
        Assert.Equal((64 * 32 * 4) + (64 * 4), exact.WeightBytes);
        Assert.Equal((64 * 32) + (64 * 4) + (64 * 4), compact.WeightBytes);
        var before = LiveTensors.Count();
        using (var scope = NewDisposeScope())
        {
            var x = randn(5, 32);
            Tensor expected;
            using (var lease = exact.Use())
                expected = lease.Model.call(x);
            for (var use = 0; use < 2; use++) // it is released in between
            {
                using var lease = compact.Use();
                var actual = lease.Model.call(x);
                Assert.InRange((actual - expected).norm().item<float>(), 1e-6, tolerance * expected.norm().item<float>());
                exact.Use().Dispose();
            }
        }
        runtime.Residency.Unload();
        Assert.Equal(before, LiveTensors.Count());
    }

    private static ModelSlot<CompactLinear> Slot(DeviceRuntime runtime, WeightStorage storage)
    {
        using var layer = Layer();
        var weights = RuleWeights.For(layer);
        return new(
            runtime,
            new ModelSource<CompactLinear>("test", Layer, (network, opened) => opened.Add(network, weights, WeightMap.Identity)),
            storage: storage
        );
    }

    private static CompactLinear Layer() => new(32, 64, hasBias: true, META);

    // Rows of very different sizes.
    private static Tensor Rows() => randn(16, 100) * logspace(-4, 4, 16).unsqueeze(1);
}
