using ImgAlign.Sampling;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Sampling;

public class SamplerTests
{
    [Theory]
    [InlineData("euler")]
    [InlineData("dpmpp-2m")]
    public void Data_that_is_known_is_reached(string name)
    {
        using var scope = NewDisposeScope();
        var x = ones(1, 2, 2, 2).Times(4);
        // All data is 0.5: dx/dsigma = (x - 0.5) / sigma.
        var sample = Run(name, x, static (sample, _, level) => sample.Minus(0.5).DividedBy(level.Sigma));
        Assert.Equal(0.5, sample.mean().item<float>(), 5);
    }

    [Theory]
    [InlineData("euler")]
    [InlineData("dpmpp-2m")]
    public void Every_step_is_evaluated_once_at_its_level_and_nothing_is_left(string name)
    {
        using var x = ones(1, 2, 2, 2);
        var seen = new List<(int, NoiseLevel)>();
        var before = LiveTensors.Count();
        Run(name, x, (sample, step, level) =>
        {
            seen.Add((step, level));
            return zeros_like(sample);
        }).Dispose();
        Assert.Equal(Schedule.Levels.Select(static (level, step) => (step, level)), seen);
        Assert.Equal(Samplers.ByName(name).CountEvaluations(3), seen.Count);
        Assert.Throws<InvalidOperationException>(() => Run(name, x, (sample, step, _) => step == 1 ? throw new InvalidOperationException() : zeros_like(sample)));
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public void The_second_order_is_nearer_to_the_limit_than_the_first()
    {
        var limit = Sample(Samplers.Euler, 2000);
        double euler = Math.Abs(Sample(Samplers.Euler, 16) - limit), second = Math.Abs(Sample(Samplers.DpmSolver2M, 16) - limit);
        Assert.True(second < euler / 3, $"{second} against {euler}");

        // Data that is normally distributed with a deviation of 0.5, as in a network that has learnt it.
        static double Sample(ISampler sampler, int steps)
        {
            using var scope = NewDisposeScope();
            using var noise = new TorchNoise(0);
            var schedule = new Levels([.. Enumerable.Range(0, steps).Select(i => 10 * MathF.Pow(0.003f, (float)i / steps))]);
            var x = ones(1, 1, 1, 1).Times(10);
            return sampler.Sample(x, schedule, static (sample, _, level) => sample.Times(level.Sigma / (0.25 + level.Sigma * level.Sigma)), noise).item<float>();
        }
    }

    [Fact]
    public void An_unknown_name_is_answered_with_those_that_there_are() =>
        Assert.Contains("euler, dpmpp-2m", Assert.Throws<InvalidRequestException>(() => Samplers.ByName("plms")).Message, StringComparison.Ordinal);

    private static NoiseSchedule Schedule { get; } = new Levels([4, 2, 1]);

    private static Tensor Run(string name, Tensor x, DerivativeEstimate derivative)
    {
        using var noise = new TorchNoise(0);
        return Samplers.ByName(name).Sample(x, Schedule, derivative, noise);
    }

    private sealed class Levels(IReadOnlyList<float> sigmas) : NoiseSchedule([.. sigmas.Select(static sigma => new NoiseLevel(sigma, sigma))], finalSigma: 0, initialScale: sigmas[0])
    {
        public override float TimestepOf(float sigma) => sigma;
    }
}
