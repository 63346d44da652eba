namespace ImgAlign;

/// <summary>
/// Whose noise levels a sampler takes: the classes of diffusers place their steps differently, so that the same options give each of them
/// levels of its own.
/// </summary>
public enum SamplerKind
{
    /// <summary>Timesteps that need not be whole; noise is added to the data.</summary>
    Euler,

    /// <summary>As <see cref="Euler"/>, with new noise at every step.</summary>
    EulerAncestral,

    /// <summary>As <see cref="Euler"/>, with two evaluations a step.</summary>
    Heun,

    /// <summary>Whole timesteps, of which one more than there are steps divides those of training.</summary>
    DpmSolver,

    /// <summary>As <see cref="DpmSolver"/>, always from the last timestep to the first.</summary>
    DpmSolverSinglestep,

    /// <summary>As <see cref="DpmSolver"/>, with a range of noise levels of its own.</summary>
    UniPc,

    /// <summary>Timesteps of training; each step covers the same number of them.</summary>
    Ddim,

    /// <summary>Timesteps of training; each step ends where the next begins.</summary>
    Ddpm,

    /// <summary>The timesteps that a latent consistency model was distilled for.</summary>
    Lcm,

    /// <summary>The same for trajectory consistency distillation.</summary>
    Tcd,
}
