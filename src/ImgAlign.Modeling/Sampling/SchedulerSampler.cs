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

    private static DpmUpdate DpmUpdate(SchedulerConfig config) =>
        new()
        {
            PredictsNoise = !config.AlgorithmType.EndsWith("++", StringComparison.Ordinal),
            IsStochastic = config.AlgorithmType.StartsWith("sde-", StringComparison.Ordinal),
            IsExact = config.SolverType == "heun",
        };

    private static double? ClipRange(SchedulerConfig config) => config.ClipSample ? config.ClipSampleRange : null;
}
