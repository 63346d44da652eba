namespace ImgAlign;

/// <summary>A noise level as samplers and networks see it.</summary>
/// <param name="Sigma">The standard deviation of the noise in the sample, in the family's own coordinates.</param>
/// <param name="Timestep">What the network is told about it, in the family's own unit.</param>
public readonly record struct NoiseLevel(float Sigma, float Timestep);
