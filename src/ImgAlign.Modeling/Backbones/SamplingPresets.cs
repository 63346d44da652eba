using ImgAlign.Sampling;

namespace ImgAlign.Backbones;

/// <summary>The presets that come with the library: the settings of the models' cards.</summary>
public static class SamplingPresets
{
    private static readonly NoiseLevelOptions Trailing = new() { TimestepSpacing = TimestepSpacing.Trailing };

    // The cards turn classifier-free guidance off.
    private static readonly FluxSettings NoTrueGuidance = new() { TrueGuidance = 1 };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<SamplingPreset> All { get; } =
    [
        Sdxl("sdxl-turbo", "stabilityai/sdxl-turbo", "sdxl-turbo", 1, AncestralSampler.EulerAncestral) with
        {
            NoiseLevels = Trailing,
        },
        Lightning(1) with
        {
            Prediction = PredictionType.Data,
        },
        Lightning(2),
        Lightning(4),
        Lightning(8),
        Hyper("hyper-sdxl-1", "hyper-sdxl", 1, new TcdSampler(eta: 0)) with
        {
            Eta = 1,
        },
        Hyper("hyper-sdxl-1-unet", "hyper-sdxl-unet", 1, new LcmSampler()) with
        {
            NoiseLevels = At(800),
        },
        Hyper("hyper-sdxl-2", "hyper-sdxl", 2, AncestralSampler.Ddim) with
        {
            NoiseLevels = Trailing,
        },
        Hyper("hyper-sdxl-4", "hyper-sdxl", 4, AncestralSampler.Ddim) with
        {
            NoiseLevels = Trailing,
        },
        Hyper("hyper-sdxl-8", "hyper-sdxl", 8, AncestralSampler.Ddim) with
        {
            NoiseLevels = Trailing,
        },
        Hyper("hyper-sdxl-8-cfg", "hyper-sdxl-cfg", 8, AncestralSampler.Ddim) with
        {
            NoiseLevels = Trailing,
            Guidance = 5,
        },
        Sdxl("dmd2-1", "tianweiy/DMD2", "dmd2", 1, new LcmSampler()) with
        {
            NoiseLevels = At(399),
        },
        Sdxl("dmd2-4", "tianweiy/DMD2", "dmd2", 4, new LcmSampler()) with
        {
            NoiseLevels = At(999, 749, 499, 249),
        },
        Sdxl("lcm-lora", "latent-consistency/lcm-lora-sdxl", "lcm", 4, new LcmSampler()) with
        {
            Guidance = 1,
        },
        Flux("flux-schnell", "black-forest-labs/FLUX.1-schnell", "flux-schnell", 4, guidance: 0) with
        {
            NoiseLevels = new() { Shift = 1 },
            Family = NoTrueGuidance,
        },
        Flux("flux-krea", "black-forest-labs/FLUX.1-Krea-dev", "flux-krea", 28, guidance: 4.5),
        HyperFlux(8),
        HyperFlux(16),
    ];

    /// <summary>Their names, for messages.</summary>
    public static string Names => string.Join(", ", All.Select(static preset => preset.Name));

    /// <summary>Finds a preset by its name.</summary>
    /// <param name="name">Its name, such as <c>lightning-4</c>.</param>
    /// <exception cref="ArgumentException">There is none of that name; the message lists those that there are.</exception>
    public static SamplingPreset ByName(string name) =>
        All.FirstOrDefault(preset => preset.Name == name)
        ?? throw new InvalidRequestException($"There is no preset '{name}'; there are {Names}.", nameof(SamplingSettings.Preset));

    private static NoiseLevelOptions At(params double[] timesteps) => new() { Timesteps = timesteps };

    private static SamplingPreset Lightning(int steps) =>
        Sdxl($"lightning-{steps}", "ByteDance/SDXL-Lightning", "lightning", steps, AncestralSampler.Euler) with
        {
            NoiseLevels = Trailing,
        };

    private static SamplingPreset Hyper(string name, string distillation, int steps, ISampler sampler) =>
        Sdxl(name, "ByteDance/Hyper-SD", distillation, steps, sampler);

    private static SamplingPreset HyperFlux(int steps) =>
        Flux($"hyper-flux-{steps}", "ByteDance/Hyper-SD", "hyper-flux", steps, guidance: 3.5) with
        {
            Family = NoTrueGuidance,
            LoraScale = 0.125,
        };

    private static SamplingPreset Sdxl(string name, string model, string distillation, int steps, ISampler sampler) =>
        new()
        {
            Name = name,
            Backbone = "SDXL",
            Model = model,
            Distillation = distillation,
            Steps = steps,
            Guidance = 0,
            Sampler = sampler,
        };

    private static SamplingPreset Flux(string name, string model, string distillation, int steps, double guidance) =>
        new()
        {
            Name = name,
            Backbone = "FLUX",
            Model = model,
            Distillation = distillation,
            Steps = steps,
            Guidance = guidance,
            Sampler = AncestralSampler.Euler,
        };
}
