using ImgAlign.Sampling;

namespace ImgAlign;

/// <summary>The samplers that come with the library.</summary>
public static class Samplers
{
    /// <summary>Euler steps, one evaluation a step: the method of IMG.</summary>
    public static ISampler Euler { get; } = AncestralSampler.Euler;

    /// <summary>Euler steps with new noise in each.</summary>
    public static ISampler EulerAncestral { get; } = AncestralSampler.EulerAncestral;

    /// <summary>Heun's method, two evaluations a step.</summary>
    public static ISampler Heun { get; } = new HeunSampler();

    /// <summary>DPM-Solver++(2M), one evaluation a step: nearer to the limit than Euler with the same number of steps.</summary>
    public static ISampler DpmSolver2M { get; } = new DpmSolverMultistep(2, new DpmUpdate());

    /// <summary>DPM-Solver++(3M), which uses the last three steps.</summary>
    public static ISampler DpmSolver3M { get; } = new DpmSolverMultistep(3, new DpmUpdate());

    /// <summary>DPM-Solver++(2M) with new noise in each step.</summary>
    public static ISampler DpmSolver2MSde { get; } = new DpmSolverMultistep(2, new DpmUpdate { IsStochastic = true });

    /// <summary>DPM-Solver++(3M) with new noise in each step.</summary>
    public static ISampler DpmSolver3MSde { get; } = new DpmSolverMultistep(3, new DpmUpdate { IsStochastic = true });

    /// <summary>DPM-Solver++(2S), in groups of two steps.</summary>
    public static ISampler DpmSolver2S { get; } = new DpmSolverSinglestep(2, new DpmUpdate());

    /// <summary>DPM-Solver++(3S), in groups of three steps.</summary>
    public static ISampler DpmSolver3S { get; } = new DpmSolverSinglestep(3, new DpmUpdate());

    /// <summary>DPM-Solver++(2S) with new noise in each step.</summary>
    public static ISampler DpmSolver2SSde { get; } = new DpmSolverSinglestep(2, new DpmUpdate { IsStochastic = true });

    /// <summary>UniPC of the second order, which corrects each step by the next one's evaluation.</summary>
    public static ISampler UniPc { get; } = new UniPcSampler(2);

    /// <summary>DDIM, without new noise unless <see cref="SamplingRequest.Eta"/> says so.</summary>
    public static ISampler Ddim { get; } = AncestralSampler.Ddim;

    /// <summary>DDPM, with new noise in each step.</summary>
    public static ISampler Ddpm { get; } = AncestralSampler.Ddpm;

    /// <summary>For latent consistency models, LCM-LoRA and DMD2.</summary>
    public static ISampler Lcm { get; } = new LcmSampler();

    /// <summary>
    /// For models of trajectory consistency distillation, without new noise unless <see cref="SamplingRequest.Eta"/> says so.
    /// </summary>
    public static ISampler Tcd { get; } = new TcdSampler(eta: 0);

    /// <summary>All of them.</summary>
    public static IReadOnlyList<ISampler> All { get; } =
    [
        Euler,
        EulerAncestral,
        Heun,
        DpmSolver2M,
        DpmSolver3M,
        DpmSolver2MSde,
        DpmSolver3MSde,
        DpmSolver2S,
        DpmSolver3S,
        DpmSolver2SSde,
        UniPc,
        Ddim,
        Ddpm,
        Lcm,
        Tcd,
    ];

    /// <summary>Finds a sampler by its name.</summary>
    /// <param name="name">Its name, such as <c>dpmpp-2m</c>.</param>
    /// <exception cref="ArgumentException">There is none of that name; the message lists those that there are.</exception>
    public static ISampler ByName(string name) =>
        All.FirstOrDefault(sampler => sampler.Name == name)
        ?? throw new InvalidRequestException($"There is no sampler '{name}'; there are {Names}.", "Sampler");

    private static string Names => string.Join(", ", All.Select(static sampler => sampler.Name));
}
