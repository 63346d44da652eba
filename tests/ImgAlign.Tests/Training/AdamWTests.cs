using ImgAlign.Training.Optimization;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Training;

public class AdamWTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(0.1)]
    public void Steps_operator_by_operator_are_those_of_the_fused_operator(double weightDecay)
    {
        Assert.True(FusedAdamW.IsAvailable);
        using var scope = NewDisposeScope();
        using var generator = new Generator(3, CPU);
        var options = new AdamWOptions { WeightDecay = weightDecay };
        var start = Random();
        var (fused, plain) = (State(start), State(start));

        for (var step = 1; step <= 20; step++)
        {
            Tensor[] gradients = [.. start.Select(tensor => randn(tensor.shape, generator: generator))];
            FusedAdamW.Step(fused[0], gradients, fused[1], fused[2], step, learningRate: 1e-2, options);
            PlainAdamW.Step(plain[0], gradients, plain[1], plain[2], step, learningRate: 1e-2, options);
        }

        foreach (var (expected, actual) in fused.SelectMany(static part => part).Zip(plain.SelectMany(static part => part)))
            Assert.True(actual.allclose(expected, rtol: 1e-5, atol: 1e-6));

        Tensor[] Random() => [randn([5, 3], generator: generator), randn([7], generator: generator)];
    }

    [Fact]
    public void Gradients_of_other_shapes_are_refused()
    {
        using var parameter = zeros(3);
        using var gradient = zeros(4);
        Assert.Throws<ArgumentException>(() => new AdamW([parameter], [gradient], new AdamWOptions()));
    }

    // Parameters and their two means.
    private static Tensor[][] State(Tensor[] start) =>
        [
            [.. start.Select(static tensor => tensor.clone())],
            [.. start.Select(static tensor => zeros_like(tensor))],
            [.. start.Select(static tensor => zeros_like(tensor))],
        ];
}
