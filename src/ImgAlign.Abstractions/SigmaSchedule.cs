namespace ImgAlign;

/// <summary>One step of a sampler: from noise level <see cref="Sigma"/> to <see cref="NextSigma"/>.</summary>
/// <param name="Index">The step's position, from 0.</param>
/// <param name="Sigma">Noise level before the step.</param>
/// <param name="NextSigma">Noise level after the step; 0 after the last one.</param>
/// <param name="Timestep">What the network is told about the noise level, in the family's own unit.</param>
public readonly record struct SigmaStep(int Index, float Sigma, float NextSigma, float Timestep);

/// <summary>The noise levels of one generation.</summary>
/// <param name="Steps">The steps in order.</param>
/// <param name="InitialScale">What unit normal noise is multiplied by before the first step.</param>
public sealed record SigmaSchedule(IReadOnlyList<SigmaStep> Steps, float InitialScale);
