using System.Text.Json;
using ImgAlign.Sampling;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Sampling;

/// <summary>What the golden cases, which have SDXL's own schedule, do not show.</summary>
public class EulerScheduleTests
{
    private static readonly EulerScheduleConfig Sdxl = new() { BetaStart = 0.00085, BetaEnd = 0.012, BetaSchedule = "scaled_linear", TimestepSpacing = "leading", StepsOffset = 1 };

    [Theory]
    [InlineData("leading", 3, new[] { 667f, 334, 1 })]
    [InlineData("trailing", 4, new[] { 999f, 749, 499, 249 })]
    [InlineData("linspace", 4, new[] { 999f, 666, 333, 0 })]
    [InlineData("linspace", 1, new[] { 0f })]
    public void Timesteps_are_spaced_as_asked(string spacing, int steps, float[] expected) =>
        Assert.Equal(expected, new EulerSchedule(Sdxl with { TimestepSpacing = spacing }).Create(steps).Levels.Select(static level => level.Timestep));

    [Fact]
    public void Trailing_rounds_ties_as_NumPy_counts()
    {
        var steps = new EulerSchedule(Sdxl with { TimestepSpacing = "trailing" }).Create(48).Levels;
        Assert.Equal(936, steps[3].Timestep);  // 1000 - 3 * 20.83... is 937.4999..., not 937.5
    }

    [Fact]
    public void Noise_begins_at_the_largest_level()
    {
        Assert.Equal(14.6146f, new EulerSchedule(Sdxl with { TimestepSpacing = "trailing" }).Create(5).InitialScale, 1e-3);
        var leading = new EulerSchedule(Sdxl).Create(5);
        Assert.Equal(MathF.Sqrt(leading.Levels[0].Sigma * leading.Levels[0].Sigma + 1), leading.InitialScale);
    }

    [Fact]
    public void Karras_levels_fall_between_the_same_ends()
    {
        var plain = new EulerSchedule(Sdxl).Create(6).Levels;
        var karras = new EulerSchedule(Sdxl with { UseKarrasSigmas = true }).Create(6).Levels;
        Assert.Equal(plain[0].Sigma, karras[0].Sigma, 1e-4);
        Assert.Equal(plain[^1].Sigma, karras[^1].Sigma, 1e-5);
        Assert.Equal(plain[0].Timestep, karras[0].Timestep, 1e-2);
        Assert.All(karras.Zip(karras.Skip(1)), static pair => Assert.True(pair.First.Sigma > pair.Second.Sigma));
    }

    // What diffusers' formulas give in float64.
    [Theory]
    [InlineData("""{"timestep_spacing": "trailing", "rescale_betas_zero_snr": true}""", new[] { 4096, 5.398738f, 1.768080f, 0.727056f, 0 }, 4096.0)]
    [InlineData("""{"timestep_spacing": "leading", "steps_offset": 1, "rescale_betas_zero_snr": true}""", new[] { 5.462230f, 1.781064f, 0.732632f, 0.042068f, 0 }, 5.553014)]
    [InlineData("""{"timestep_spacing": "leading", "steps_offset": 1, "final_sigmas_type": "sigma_min"}""", new[] { 4.116696f, 1.623692f, 0.698398f, 0.041314f, 0.029167f }, 4.236412)]
    [InlineData("""{"timestep_spacing": "leading", "steps_offset": 1, "use_exponential_sigmas": true}""", new[] { 4.116696f, 0.887973f, 0.191536f, 0.041314f, 0 }, 4.236412)]
    [InlineData("""{"timestep_spacing": "leading", "steps_offset": 1, "use_beta_sigmas": true}""", new[] { 4.116696f, 2.994282f, 1.163729f, 0.041314f, 0 }, 4.236412)]
    [InlineData("""{"timestep_spacing": "leading", "use_karras_sigmas": true, "sigma_min": 0.5, "sigma_max": 8}""", new[] { 8, 3.565966f, 1.430237f, 0.5f, 0 }, 8.062258)]
    public void Options_change_the_noise_levels(string json, float[] expected, double initialScale)
    {
        var fields = JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(json)!;
        foreach (var (name, value) in new Dictionary<string, object> { ["beta_start"] = 0.00085, ["beta_end"] = 0.012, ["beta_schedule"] = "scaled_linear" })
            fields[name] = JsonSerializer.SerializeToElement(value);
        var schedule = new EulerSchedule(EulerScheduleConfig.FromJson(JsonSerializer.SerializeToElement(fields), "scheduler_config.json")).Create(4);
        Assert.All(schedule.Levels.Select(static level => level.Sigma).Append(schedule.FinalSigma).Zip(expected), pair => Assert.Equal(pair.Second, pair.First, 1e-3 * (1 + pair.Second) / 10));
        Assert.Equal(initialScale, schedule.InitialScale, 1e-4 * initialScale);
    }

    [Fact]
    public void Squared_cosines_and_continuous_timesteps()
    {
        var steps = new EulerSchedule(Sdxl with { BetaSchedule = "squaredcos_cap_v2", TimestepSpacing = "trailing" }).Create(4).Levels;
        Assert.Equal([2.4354f, 1.0124f, 0.4250f], steps.Skip(1).Select(step => step.Sigma), (expected, actual) => Math.Abs(expected - actual) < 1e-3);
        var continuous = new EulerSchedule(Sdxl with { TimestepType = "continuous", PredictionType = "v_prediction" }).Create(4);
        Assert.All(continuous.Levels, level => Assert.Equal(0.25f * MathF.Log(level.Sigma), level.Timestep, 1e-6));
        Assert.Equal(0.25f * MathF.Log(3), continuous.TimestepOf(3), 1e-6);
    }

    [Theory]
    [InlineData(0, 0.6, 0)]
    [InlineData(1, 0.6, 1)]
    [InlineData(0.25, 1, 0.25)]  // evenly distributed
    [InlineData(0.1, 0.5, 0.0244717418524232)]  // the arcsine distribution: sin(pi p / 2) squared
    [InlineData(0.9, 0.5, 0.9755282581475768)]
    [InlineData(1.0 / 3, 0.6, 0.2754133)]
    public void Quantiles_of_the_beta_distribution(double share, double shape, double expected) => Assert.Equal(expected, BetaDistribution.Quantile(share, shape), 1e-7);

    [Fact]
    public void A_predicted_velocity_becomes_the_noise()
    {
        using var scope = NewDisposeScope();
        const float sigma = 3;
        var (original, noise) = (rand(2, 3), randn(2, 3));
        var velocity = (noise - original * sigma) / MathF.Sqrt(sigma * sigma + 1);
        var derivative = new EulerSchedule(Sdxl with { PredictionType = "v_prediction" }).Derivative(velocity, original + noise * sigma, sigma);
        Assert.True(derivative.allclose(noise, 1e-5, 1e-5));
        Assert.True(new EulerSchedule(Sdxl with { PredictionType = "sample" }).Derivative(original, original + noise * sigma, sigma).allclose(noise, 1e-5, 1e-5));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1001)]
    public void Impossible_numbers_of_steps_are_refused(int steps) => Assert.Throws<ArgumentOutOfRangeException>(() => new EulerSchedule(Sdxl).Create(steps));

    [Theory]
    [InlineData("""{"beta_schedule": "laplace"}""", "laplace")]
    [InlineData("""{"interpolation_type": "log_linear"}""", "log_linear")]
    [InlineData("""{"timestep_spacing": "odd"}""", "odd")]
    [InlineData("""{"use_karras_sigmas": true, "use_beta_sigmas": true}""", "only one of")]
    [InlineData("""{"trained_betas": [0.1]}""", "trained_betas")]
    [InlineData("""{"_class_name": "EDMEulerScheduler", "sigma_max": 80.0}""", "noise levels of EDM")]
    [InlineData("""{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 3.0}""", "flow matching")]
    [InlineData("""{"_class_name": "LCMScheduler"}""", "distilled")]
    [InlineData("""{"_class_name": "NewScheduler"}""", "EulerDiscreteScheduler")]
    [InlineData("""{"_class_name": "UniPCMultistepScheduler", "use_flow_sigmas": true}""", "use_flow_sigmas")]
    public void What_is_not_supported_is_named(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<ImgAlignException>(() => EulerScheduleConfig.FromJson(JsonDocument.Parse(json).RootElement, "scheduler_config.json")).Message, StringComparison.Ordinal);

    [Fact]
    public void Any_noise_level_has_a_timestep()
    {
        var schedule = new EulerSchedule(Sdxl).Create(5);
        Assert.All(schedule.Levels, level => Assert.Equal(level.Timestep, schedule.TimestepOf(level.Sigma), 1e-2));
        Assert.InRange(schedule.TimestepOf((schedule.Levels[1].Sigma + schedule.Levels[2].Sigma) / 2), schedule.Levels[2].Timestep, schedule.Levels[1].Timestep);
    }
}
