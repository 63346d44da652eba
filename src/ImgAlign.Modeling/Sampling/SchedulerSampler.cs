using System.Globalization;

namespace ImgAlign.Sampling;

/// <summary>The sampler that a <c>scheduler_config.json</c> of diffusers stands for, with the options of its class.</summary>
public static class SchedulerSampler
{
    /// <summary>The sampler that a model's <c>scheduler_config.json</c> names, with the options that it gives.</summary>
    /// <param name="config">The file.</param>
    /// <exception cref="InvalidRequestException">Its class is not supported; the message lists those that are. The model's noise levels
    /// serve any sampler.</exception>
    public static ISampler Of(SchedulerConfig config) =>
        Find(config)
        ?? throw new InvalidRequestException(
            $"The model's scheduler_config.json names {config.ClassName}, which is not supported; "
                + "choose a sampler, such as euler or dpmpp-2m (Samplers.All and --sampler have them all), "
                + $"or put another class there ({string.Join(", ", SchedulerClass.Names)}).",
            "Sampler"
        );

    private static ISampler? Find(SchedulerConfig config) =>
        Create(config) is not { } sampler ? null
        : Options(config).ToDictionary() is { Count: > 0 } options ? new ConfiguredSampler(sampler, options)
        : sampler;

    private static ISampler? Create(SchedulerConfig config) =>
        config.Kind switch
        {
            SamplerKind.Euler => config.StochasticSampling && config.IsFlow ? new RenewingSampler() : AncestralSampler.Euler,
            SamplerKind.EulerAncestral => AncestralSampler.EulerAncestral,
            SamplerKind.Heun => new HeunSampler(),
            SamplerKind.DpmSolver => new DpmSolverMultistep(config.SolverOrder, DpmUpdate(config))
            {
                LowersFinalOrder = config.LowerOrderFinal,
                EndsWithEuler = config.EulerAtFinal,
            },
            SamplerKind.DpmSolverSinglestep => new DpmSolverSinglestep(config.SolverOrder, DpmUpdate(config))
            {
                LowersFinalOrder = config.LowerOrderFinal,
            },
            SamplerKind.UniPc => new UniPcSampler(config.SolverOrder)
            {
                PredictsNoise = !config.PredictX0,
                IsLinear = config.SolverType == "bh1",
                LowersFinalOrder = config.LowerOrderFinal,
                Uncorrected = config.DisableCorrector,
            },
            SamplerKind.Ddim => new AncestralSampler(AncestralSampler.Ddim.Name, SamplerKind.Ddim, eta: 0)
            {
                ClipRange = ClipRange(config),
            },
            SamplerKind.Ddpm => new AncestralSampler(AncestralSampler.Ddpm.Name, SamplerKind.Ddpm, eta: 1)
            {
                ClipRange = ClipRange(config),
                IsVarianceLarge = config.VarianceType == "fixed_large",
            },
            SamplerKind.Lcm => new LcmSampler { ClipRange = ClipRange(config), TimestepScaling = config.TimestepScaling },
            SamplerKind.Tcd => new TcdSampler(eta: 0),
            _ => null,
        };

    // Where the file asks for other than the sampler of this name does by itself; the order is part of the name.
    private static IEnumerable<KeyValuePair<string, string>> Options(SchedulerConfig config)
    {
        (string Name, bool IsUnusual, string Value)[] options = config.Kind switch
        {
            SamplerKind.DpmSolver or SamplerKind.DpmSolverSinglestep =>
            [
                ("solver_type", config.SolverType != "midpoint", config.SolverType),
                ("lower_order_final", config.LowerOrderFinal != (config.Kind == SamplerKind.DpmSolver), Text(config.LowerOrderFinal)),
                ("euler_at_final", config.EulerAtFinal && config.Kind == SamplerKind.DpmSolver, Text(config.EulerAtFinal)),
            ],
            SamplerKind.UniPc =>
            [
                ("solver_type", config.SolverType != "bh2", config.SolverType),
                ("lower_order_final", !config.LowerOrderFinal, Text(config.LowerOrderFinal)),
                ("predict_x0", !config.PredictX0, Text(config.PredictX0)),
                ("disable_corrector", config.DisableCorrector.Count > 0, string.Join(',', config.DisableCorrector)),
            ],
            SamplerKind.Ddim or SamplerKind.Ddpm or SamplerKind.Lcm =>
            [
                ("clip_sample_range", config.ClipSample, Text(config.ClipSampleRange)),
                ("variance_type", config is { Kind: SamplerKind.Ddpm, VarianceType: "fixed_large" }, "fixed_large"),
                ("timestep_scaling", config.Kind == SamplerKind.Lcm && config.TimestepScaling != 10, Text(config.TimestepScaling)),
            ],
            _ => [],
        };
        return options.Where(static option => option.IsUnusual).Select(static option => KeyValuePair.Create(option.Name, option.Value));
    }

    private static string Text(bool value) => value ? "true" : "false";

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    private static DpmUpdate DpmUpdate(SchedulerConfig config) =>
        new()
        {
            PredictsNoise = !config.AlgorithmType.EndsWith("++", StringComparison.Ordinal),
            IsStochastic = config.AlgorithmType.StartsWith("sde-", StringComparison.Ordinal),
            IsExact = config.SolverType == "heun",
        };

    private static double? ClipRange(SchedulerConfig config) => config.ClipSample ? config.ClipSampleRange : null;
}
