using ImgAlign.Sampling;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Sampling;

public class SamplerTests
{
    private static readonly SchedulerConfig Sdxl = new()
    {
        BetaStart = 0.00085,
        BetaEnd = 0.012,
        BetaSchedule = "scaled_linear",
        TimestepSpacing = "trailing",
    };

    public static TheoryData<string> Names => [.. Samplers.All.Select(static sampler => sampler.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Data_that_is_known_is_reached(string name)
    {
        using var scope = NewDisposeScope();
        var sampler = Samplers.ByName(name);
        var sample = Run(sampler, Schedule(sampler, 5), static (x, _, _) => ones_like(x).Times(0.5));
        var end = Schedule(sampler, 5).Ends[^1]; // TCD's has some noise left
        Assert.True(sample.Minus(0.5 * end.Signal).abs().max().item<float>() <= 4 * end.Noise + 1e-5, $"{sample.mean().item<float>()}");
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Every_evaluation_is_at_a_level_of_the_schedule_and_nothing_is_left(string name)
    {
        var sampler = Samplers.ByName(name);
        foreach (var schedule in (NoiseSchedule[])[Schedule(sampler, 7), Schedule(sampler, 7).StartingAt(3)])
        {
            var seen = new List<(int Step, NoiseLevel Level)>();
            var before = LiveTensors.Count();
            Run(
                    sampler,
                    schedule,
                    (x, step, level) =>
                    {
                        seen.Add((step, level));
                        return zeros_like(x);
                    }
                )
                .Dispose();
            Assert.Equal(schedule.Levels.Skip(schedule.First), seen.Select(static evaluation => evaluation.Level).Distinct());
            Assert.Equal(
                Enumerable.Range(schedule.First, schedule.StepsToRun),
                seen.Select(static evaluation => evaluation.Step).Distinct()
            );
            Assert.Equal(sampler.CountEvaluations(schedule.StepsToRun), seen.Count);
            Assert.Throws<InvalidOperationException>(() =>
                Run(sampler, schedule, (x, step, _) => step == 5 ? throw new InvalidOperationException() : zeros_like(x))
            );
            Assert.Equal(before, LiveTensors.Count());
        }
    }

    // Data that is normally distributed with a deviation of 0.5, as in a network that has learnt it.
    [Theory]
    [InlineData("heun", 3)]
    [InlineData("dpmpp-2m", 3)]
    [InlineData("dpmpp-3m", 3)]
    [InlineData("dpmpp-2s", 3)]
    [InlineData("dpmpp-3s", 3)]
    [InlineData("unipc", 3)]
    public void Higher_orders_are_nearer_to_the_limit_than_the_first(string name, double factor)
    {
        var limit = Sample(Samplers.Euler, 900);
        double euler = Math.Abs(Sample(Samplers.Euler, 16) - limit),
            higher = Math.Abs(Sample(Samplers.ByName(name), 16) - limit);
        Assert.True(higher < euler / factor, $"{higher} against {euler}");

        static double Sample(ISampler sampler, int steps)
        {
            using var scope = NewDisposeScope();
            using var noise = new TorchNoise(0);
            // The same levels for all, from pure noise to little of it, with noise added to the data.
            var levels = LevelSpacing
                .Between(10, 0.03, steps, NoiseLevelSpacing.Exponential)
                .Select(static sigma => new NoiseLevel(1, sigma, (float)sigma))
                .ToList();
            var schedule = new NoiseSchedule(levels, new NoiseLevel(1, 0.02, 0), 1, PredictionType.Data);
            return sampler
                .Sample(
                    ones(1, 1, 1, 1).Times(10),
                    schedule,
                    static (x, _, level) => x.Times(0.25 / (0.25 + level.Noise * level.Noise)),
                    noise
                )
                .item<float>();
        }
    }

    [Theory]
    [InlineData("euler-ancestral", 5)]
    [InlineData("dpmpp-2m-sde", 5)]
    [InlineData("dpmpp-2s-sde", 5)]
    [InlineData("ddpm", 5)]
    [InlineData("lcm", 4)]
    [InlineData("euler", 0)]
    [InlineData("ddim", 0)]
    [InlineData("tcd", 0)]
    public void New_noise_is_drawn_once_a_step_by_stochastic_samplers_alone(string name, int draws)
    {
        var noise = new CountedNoise();
        var sampler = Samplers.ByName(name);
        using var x = ones(1, 1, 2, 2);
        sampler.Sample(x, Schedule(sampler, 5), static (sample, _, _) => zeros_like(sample), noise).Dispose();
        Assert.Equal(draws, noise.Draws);
    }

    [Fact]
    public void Eta_renews_noise_where_a_sampler_leaves_it_open()
    {
        foreach (var sampler in Samplers.All)
            Assert.Equal(sampler.Name is "ddim" or "tcd", sampler.WithEta(1) is not null);
        var noise = new CountedNoise();
        using var x = ones(1, 1, 2, 2);
        Samplers.Ddim.WithEta(0.5)!.Sample(x, Schedule(Samplers.Ddim, 5), static (sample, _, _) => zeros_like(sample), noise).Dispose();
        Assert.Equal(5, noise.Draws);
    }

    [Fact]
    public void Names_are_unique_and_an_unknown_one_is_answered_with_those_that_there_are()
    {
        Assert.Equal(Samplers.All.Count, Samplers.All.Select(static sampler => sampler.Name).Distinct().Count());
        Assert.Contains(
            "euler, euler-ancestral, heun",
            Assert.Throws<InvalidRequestException>(() => Samplers.ByName("plms")).Message,
            StringComparison.Ordinal
        );
    }

    private static NoiseSchedule Schedule(ISampler sampler, int steps) => DiffusionScheduleTests.Create(Sdxl, steps, sampler);

    private static Tensor Run(ISampler sampler, NoiseSchedule schedule, DataEstimate estimate)
    {
        using var noise = new TorchNoise(0);
        using var x = ones(1, 1, 2, 2).Times(schedule.InitialScale);
        return sampler.Sample(x, schedule, estimate, noise);
    }

    private sealed class CountedNoise : INoiseSource
    {
        public int Draws { get; private set; }

        public Tensor Draw(IReadOnlyList<long> shape)
        {
            Draws++;
            return zeros([.. shape]);
        }
    }
}
