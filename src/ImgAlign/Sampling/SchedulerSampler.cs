namespace ImgAlign.Sampling;

/// <summary>The sampler that a <c>scheduler_config.json</c> of diffusers stands for, with the options of its class.</summary>
internal static class SchedulerSampler
{
    /// <summary>The sampler, or null where the class is not known.</summary>
    public static ISampler? Of(SchedulerConfig config) =>
        config.Kind switch
        {
            SamplerKind.Euler => config.StochasticSampling && config.IsFlow ? new RenewingSampler() : Samplers.Euler,
            SamplerKind.EulerAncestral => Samplers.EulerAncestral,
            SamplerKind.Heun => Samplers.Heun,
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
            SamplerKind.Ddim => new AncestralSampler("ddim", SamplerKind.Ddim, eta: 0) { ClipRange = ClipRange(config) },
            SamplerKind.Ddpm => new AncestralSampler("ddpm", SamplerKind.Ddpm, eta: 1)
            {
                ClipRange = ClipRange(config),
                IsVarianceLarge = config.VarianceType == "fixed_large",
            },
            SamplerKind.Lcm => new LcmSampler { ClipRange = ClipRange(config), TimestepScaling = config.TimestepScaling },
            SamplerKind.Tcd => Samplers.Tcd,
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
