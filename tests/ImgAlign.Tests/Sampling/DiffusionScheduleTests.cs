using System.Text.Json;
using ImgAlign.Sampling;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Sampling;

/// <summary>What the golden cases of <c>sampler</c> do not show.</summary>
public class DiffusionScheduleTests
{
    private static readonly SchedulerConfig Sdxl = new()
    {
        BetaStart = 0.00085,
        BetaEnd = 0.012,
        BetaSchedule = "scaled_linear",
        TimestepSpacing = "leading",
        StepsOffset = 1,
    };

    [Theory]
    [InlineData("trailing", 61)]
    [InlineData("trailing", 103)]
    [InlineData("linspace", 1)]
    public void There_are_as_many_steps_as_asked_for(string spacing, int steps)
    {
        foreach (var sampler in Samplers.All.Where(sampler => steps <= 50 || sampler.Kind is not (SamplerKind.Lcm or SamplerKind.Tcd)))
        {
            var levels = Create(Sdxl with { TimestepSpacing = spacing }, steps, sampler).Levels;
            Assert.Equal(steps, levels.Count);
            Assert.All(levels, static level => Assert.InRange(level.Timestep, 0, 999));
        }
    }

    // What diffusers' formulas give in float64.
    [Theory]
    [InlineData(
        """{"timestep_spacing": "trailing", "rescale_betas_zero_snr": true}""",
        new[] { 4096, 5.398738f, 1.768080f, 0.727056f, 0 },
        4096.0
    )]
    [InlineData(
        """{"timestep_spacing": "leading", "final_sigmas_type": "sigma_min", "steps_offset": 1}""",
        new[] { 4.116696f, 1.623692f, 0.698398f, 0.041314f, 0.029167f },
        4.236412
    )]
    [InlineData(
        """{"timestep_spacing": "leading", "use_beta_sigmas": true, "steps_offset": 1}""",
        new[] { 4.116696f, 2.994282f, 1.163729f, 0.041314f, 0 },
        4.236412
    )]
    [InlineData(
        """{"timestep_spacing": "leading", "use_karras_sigmas": true, "sigma_min": 0.5, "sigma_max": 8}""",
        new[] { 8, 3.565966f, 1.430237f, 0.5f, 0 },
        8.062258
    )]
    public void Options_of_a_file_change_the_noise_levels(string json, float[] expected, double initialScale)
    {
        var fields = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(json)!;
        foreach (
            var (name, value) in new Dictionary<string, object>
            {
                ["beta_start"] = 0.00085,
                ["beta_end"] = 0.012,
                ["beta_schedule"] = "scaled_linear",
            }
        )
            fields[name] = JsonSerializer.SerializeToElement(value);
        var schedule = Create(
            SchedulerConfig.FromJson(JsonSerializer.SerializeToElement(fields), "scheduler_config.json"),
            4,
            Samplers.Euler
        );
        Assert.All(
            schedule.Levels.Append(schedule.Ends[^1]).Zip(expected),
            pair => Assert.Equal(pair.Second, pair.First.Sigma, 1e-3 * (1 + pair.Second) / 10)
        );
        Assert.Equal(initialScale, schedule.InitialScale, 1e-4 * initialScale);
    }

    [Fact]
    public void What_a_request_asks_goes_before_the_file()
    {
        var karras = Create(Sdxl with { UseKarrasSigmas = true }, 8, Samplers.DpmSolver2M).Levels;
        Assert.Equal(karras, Create(Sdxl, 8, Samplers.DpmSolver2M, new() { Spacing = NoiseLevelSpacing.Karras }).Levels);
        var plain = Create(Sdxl, 8, Samplers.DpmSolver2M).Levels;
        Assert.Equal(
            plain,
            Create(Sdxl with { UseKarrasSigmas = true }, 8, Samplers.DpmSolver2M, new() { Spacing = NoiseLevelSpacing.Timesteps }).Levels
        );
        var trailing = Create(Sdxl, 4, Samplers.Euler, new() { TimestepSpacing = TimestepSpacing.Trailing });
        Assert.Equal([999, 749, 499, 249], trailing.Levels.Select(static level => level.Timestep));
        // diffusers' class has none, but its noise levels are Euler's.
        var ancestral = Create(Sdxl, 8, Samplers.EulerAncestral, new() { Spacing = NoiseLevelSpacing.Karras }).Levels;
        Assert.Equal(Create(Sdxl, 8, Samplers.Euler, new() { Spacing = NoiseLevelSpacing.Karras }).Levels, ancestral);
    }

    [Fact]
    public void Lists_of_timesteps_and_sigmas_are_taken_as_they_are()
    {
        var given = Create(Sdxl, 3, Samplers.Euler, new() { Timesteps = [999, 500, 20] });
        Assert.Equal([999, 500, 20], given.Levels.Select(static level => level.Timestep));
        var sigmas = Create(Sdxl, 3, Samplers.DpmSolver2M, new() { Sigmas = [14.6, 2.5, 0.5, 0.1] });
        Assert.Equal([14.6, 2.5, 0.5, 0.1], sigmas.Levels.Append(sigmas.Ends[^1]).Select(static level => Math.Round(level.Sigma, 5)));
        Assert.Equal(
            [999, 500, 20],
            Create(Sdxl, 3, Samplers.Lcm, new() { Timesteps = [999, 500, 20] }).Levels.Select(static level => level.Timestep)
        );
    }

    [Theory]
    [InlineData("ddim", "takes neither sigmas nor another spacing")]
    [InlineData("lcm", "takes neither sigmas nor another spacing")]
    public void Samplers_by_timesteps_refuse_other_spacings(string sampler, string expected) =>
        Assert.Contains(
            expected,
            Refused(() => Create(Sdxl, 4, Samplers.ByName(sampler), new() { Spacing = NoiseLevelSpacing.Karras })),
            StringComparison.Ordinal
        );

    [Theory]
    [InlineData(0, "euler", "Steps is 0")]
    [InlineData(1001, "euler", "use 1 to 1000")]
    [InlineData(51, "lcm", "at most 50")]
    public void Impossible_numbers_of_steps_are_refused(int steps, string sampler, string expected) =>
        Assert.Contains(expected, Refused(() => Create(Sdxl, steps, Samplers.ByName(sampler))), StringComparison.Ordinal);

    [Fact]
    public void A_schedule_that_starts_later_keeps_its_steps()
    {
        var schedule = Create(Sdxl, 10, Samplers.Euler);
        var later = schedule.StartingAt(4);
        Assert.Equal((10, 4, 6), (later.Steps, later.First, later.StepsToRun));
        Assert.Equal(schedule.Levels, later.Levels);
        Assert.Throws<ArgumentOutOfRangeException>(() => schedule.StartingAt(10));
    }

    [Theory]
    [InlineData(PredictionType.Noise)]
    [InlineData(PredictionType.Velocity)]
    [InlineData(PredictionType.Data)]
    [InlineData(PredictionType.Flow)]
    public void Whatever_is_predicted_becomes_the_data(PredictionType prediction)
    {
        using var scope = NewDisposeScope();
        var level = prediction == PredictionType.Flow ? new NoiseLevel(0.25, 0.75, 0.75f) : new NoiseLevel(1, 3, 800);
        var (data, noise) = (rand(2, 3), randn(2, 3));
        var answer = prediction switch
        {
            PredictionType.Noise => noise,
            PredictionType.Velocity => (noise - data * 3) / Math.Sqrt(10),
            PredictionType.Data => data,
            _ => noise - data,
        };
        var schedule = new NoiseSchedule([level], NoiseLevel.Clean, 1, prediction);
        Assert.True(schedule.ToData(answer, level.Mix(data, noise), level).allclose(data, 1e-5, 1e-5));
    }

    internal static NoiseSchedule Create(SchedulerConfig config, int steps, ISampler sampler, NoiseLevelOptions? asked = null) =>
        new DiffusionSchedule(config).Create(
            new SamplingSettings
            {
                Steps = steps,
                Guidance = 1,
                ImagePromptScale = 0,
                Sampler = sampler,
                NoiseLevels = asked ?? new(),
            }
        );

    [Fact]
    public void What_the_model_was_not_trained_with_or_would_be_left_aside_is_refused()
    {
        Refuse(Samplers.Euler, new() { Timesteps = [5000, 500] }, "timesteps from 0 to 999");
        Refuse(Samplers.DpmSolver2M, new() { Timesteps = [999, 500.5] }, "whole ones");
        Refuse(Samplers.DpmSolver2S, new() { TimestepSpacing = TimestepSpacing.Trailing }, "has timesteps of its own");
        Refuse(
            Samplers.UniPc,
            new() { TimestepSpacing = TimestepSpacing.Trailing, Spacing = NoiseLevelSpacing.Karras },
            "spaces its noise levels as Karras"
        );

        static void Refuse(ISampler sampler, NoiseLevelOptions asked, string reason) =>
            Assert.Contains(
                reason,
                Assert.Throws<InvalidRequestException>(() => Create(Sdxl, 2, sampler, asked)).Message,
                StringComparison.Ordinal
            );
    }

    private static string Refused(Action create) => Assert.Throws<InvalidRequestException>(create).Message;
}
