namespace ImgAlign;

/// <summary>How noise levels are spaced between the highest and the lowest.</summary>
public enum NoiseLevelSpacing
{
    /// <summary>By the timesteps that are gone through.</summary>
    Timesteps,

    /// <summary>Evenly in their 7th root (Karras et al., 2022).</summary>
    Karras,

    /// <summary>Evenly in their logarithm.</summary>
    Exponential,

    /// <summary>By the quantiles of the beta distribution with both parameters 0.6 (Lee et al., 2024).</summary>
    Beta,

    /// <summary>
    /// Evenly in the logarithm of signal to noise (Lu et al., 2022): the levels of <see cref="Exponential"/>, at the nearest timesteps.
    /// </summary>
    Lu,
}
