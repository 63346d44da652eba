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
        Assert.Equal(expected, new EulerSchedule(Sdxl with { TimestepSpacing = spacing }).Create(steps).Steps.Select(step => step.Timestep));

    [Fact]
    public void Trailing_rounds_ties_as_NumPy_counts()
    {
        var steps = new EulerSchedule(Sdxl with { TimestepSpacing = "trailing" }).Create(48).Steps;
        Assert.Equal(936, steps[3].Timestep);  // 1000 - 3 * 20.83... is 937.4999..., not 937.5
    }

    [Fact]
    public void Noise_begins_at_the_largest_level()
    {
        Assert.Equal(14.6146f, new EulerSchedule(Sdxl with { TimestepSpacing = "trailing" }).Create(5).InitialScale, 1e-3);
        var leading = new EulerSchedule(Sdxl).Create(5);
        Assert.Equal(MathF.Sqrt(leading.Steps[0].Sigma * leading.Steps[0].Sigma + 1), leading.InitialScale);
    }

    [Fact]
    public void Karras_levels_fall_between_the_same_ends()
    {
        var plain = new EulerSchedule(Sdxl).Create(6).Steps;
        var karras = new EulerSchedule(Sdxl with { UseKarrasSigmas = true }).Create(6).Steps;
        Assert.Equal(plain[0].Sigma, karras[0].Sigma, 1e-4);
        Assert.Equal(plain[^1].Sigma, karras[^1].Sigma, 1e-5);
        Assert.Equal(plain[0].Timestep, karras[0].Timestep, 1e-2);
        Assert.All(karras, step => Assert.True(step.Sigma > step.NextSigma));
    }

    [Fact]
    public void A_predicted_velocity_becomes_the_noise()
    {
        using var scope = NewDisposeScope();
        const float sigma = 3;
        var (original, noise) = (rand(2, 3), randn(2, 3));
        var velocity = (noise - original * sigma) / MathF.Sqrt(sigma * sigma + 1);
        var derivative = new EulerSchedule(Sdxl with { PredictionType = "v_prediction" }).Derivative(velocity, original + noise * sigma, sigma);
        Assert.True(derivative.allclose(noise, 1e-5, 1e-5));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1001)]
    public void Impossible_numbers_of_steps_are_refused(int steps) => Assert.Throws<ArgumentOutOfRangeException>(() => new EulerSchedule(Sdxl).Create(steps));

    [Theory]
    [InlineData("""{"beta_schedule": "squaredcos_cap_v2"}""", "squaredcos_cap_v2")]
    [InlineData("""{"timestep_spacing": "odd"}""", "odd")]
    [InlineData("""{"rescale_betas_zero_snr": true}""", "rescale_betas_zero_snr")]
    [InlineData("""{"trained_betas": [0.1]}""", "trained_betas")]
    public void What_is_not_supported_is_named(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<ImgAlignException>(() => EulerScheduleConfig.FromJson(JsonDocument.Parse(json).RootElement, "scheduler_config.json")).Message, StringComparison.Ordinal);
}
