using System.Text.Json;
using ImgAlign.Sampling;

namespace ImgAlign.Tests.Sampling;

public class SchedulerConfigTests
{
    [Theory]
    [InlineData("""{"beta_schedule": "laplace"}""", "laplace")]
    [InlineData("""{"prediction_type": "flow_prediction"}""", "prediction_type 'flow_prediction'")]
    [InlineData("""{"interpolation_type": "cubic"}""", "cubic")]
    [InlineData("""{"timestep_spacing": "odd"}""", "odd")]
    [InlineData("""{"use_karras_sigmas": true, "use_beta_sigmas": true}""", "only one of")]
    [InlineData("""{"trained_betas": [0.1]}""", "trained_betas")]
    [InlineData("""{"_class_name": "EDMEulerScheduler", "sigma_max": 80.0}""", "noise levels of EDM")]
    [InlineData("""{"_class_name": "DPMSolverMultistepScheduler", "solver_order": 4}""", "solver_order is 4")]
    [InlineData("""{"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "dpmsolver"}""", "final_sigmas_type to sigma_min")]
    [InlineData("""{"_class_name": "DPMSolverMultistepScheduler", "algorithm_type": "deis"}""", "deis")]
    [InlineData("""{"_class_name": "DPMSolverMultistepScheduler", "variance_type": "learned"}""", "variance_type 'learned'")]
    [InlineData("""{"_class_name": "UniPCMultistepScheduler", "solver_type": "midpoint"}""", "bh1, bh2")]
    [InlineData("""{"_class_name": "UniPCMultistepScheduler", "use_flow_sigmas": true}""", "flow_prediction")]
    [InlineData("""{"_class_name": "DDIMScheduler", "thresholding": true}""", "thresholding")]
    [InlineData("""{"_class_name": "DDPMScheduler", "variance_type": "learned_range"}""", "learned_range")]
    [InlineData("""{"_class_name": "FlowMatchEulerDiscreteScheduler", "invert_sigmas": true}""", "invert_sigmas")]
    [InlineData("""{"_class_name": "FlowMatchEulerDiscreteScheduler", "time_shift_type": "odd"}""", "odd")]
    public void What_is_not_supported_is_named(string json, string expected) =>
        Assert.Contains(expected, Assert.Throws<ImgAlignException>(() => Read(json)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("DPMSolverMultistepScheduler", "")]
    [InlineData("DPMSolverMultistepScheduler", """ , "solver_type": "heun", "euler_at_final": true """, "solver_type", "euler_at_final")]
    [InlineData("DPMSolverSinglestepScheduler", "")]
    [InlineData("UniPCMultistepScheduler", """ , "solver_type": "bh1", "disable_corrector": [0] """, "solver_type", "disable_corrector")]
    [InlineData("DDIMScheduler", """ , "clip_sample": false """)]
    [InlineData("DDIMScheduler", "", "clip_sample_range")]
    [InlineData("LCMScheduler", """ , "timestep_scaling": 5 """, "timestep_scaling")]
    public void What_a_samplers_name_does_not_tell_its_options_do(string name, string options, params string[] told) =>
        Assert.Equal(told, SchedulerSampler.Of(Read($$"""{"_class_name": "{{name}}"{{options}}}""")).Options.Keys);

    [Theory]
    [InlineData("EulerDiscreteScheduler", "", "euler")]
    [InlineData("EulerAncestralDiscreteScheduler", "", "euler-ancestral")]
    [InlineData("HeunDiscreteScheduler", "", "heun")]
    [InlineData("DPMSolverMultistepScheduler", "", "dpmpp-2m")]
    [InlineData("DPMSolverMultistepScheduler", """ , "algorithm_type": "sde-dpmsolver++", "solver_order": 3 """, "dpmpp-3m-sde")]
    [InlineData("DPMSolverMultistepScheduler", """ , "algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min" """, "dpm-2m")]
    [InlineData("DPMSolverSinglestepScheduler", "", "dpmpp-2s")]
    [InlineData("UniPCMultistepScheduler", "", "unipc")]
    [InlineData("DDIMScheduler", "", "ddim")]
    [InlineData("DDPMScheduler", "", "ddpm")]
    [InlineData("LCMScheduler", "", "lcm")]
    [InlineData("TCDScheduler", "", "tcd")]
    [InlineData("FlowMatchEulerDiscreteScheduler", "", "euler")]
    [InlineData("FlowMatchEulerDiscreteScheduler", """ , "stochastic_sampling": true """, "euler-stochastic")]
    [InlineData("FlowMatchHeunDiscreteScheduler", "", "heun")]
    public void The_class_chooses_the_sampler(string name, string options, string sampler) =>
        Assert.Equal(sampler, SchedulerSampler.Of(Read($$"""{"_class_name": "{{name}}"{{options}}}""")).Name);

    [Theory]
    [InlineData("PNDMScheduler")]
    [InlineData("NewScheduler")]
    public void A_class_without_a_sampler_still_has_noise_levels(string name)
    {
        var config = Read($$"""{"_class_name": "{{name}}", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}""");
        Assert.Equal(4, DiffusionScheduleTests.Create(config, 4, Samplers.Euler).Steps);
        var message = Assert.Throws<InvalidRequestException>(() => SchedulerSampler.Of(config)).Message;
        Assert.Contains(name, message, StringComparison.Ordinal);
        Assert.Contains("dpmpp-2m", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_of_other_classes_are_ignored()
    {
        var config = Read(
            """
            {"_class_name": "EulerDiscreteScheduler", "solver_order": 9, "thresholding": true,
             "variance_type": "learned", "skip_prk_steps": true}
            """
        );
        Assert.Equal("euler", SchedulerSampler.Of(config).Name);
    }

    private static SchedulerConfig Read(string json) =>
        SchedulerConfig.FromJson(JsonDocument.Parse(json).RootElement, "scheduler_config.json");
}
