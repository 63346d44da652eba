namespace ImgAlign.Sampling;

/// <summary>The noise levels of a generation by a model whose noise is added to the data (SDXL): timesteps are places among the noise levels of its training.</summary>
/// <param name="levels">Where the steps begin.</param>
/// <param name="finalSigma">Where the last one ends.</param>
/// <param name="initialScale">What unit normal noise is multiplied by.</param>
/// <param name="timestepOf">What the network is told about a noise level.</param>
internal sealed class InterpolatedSchedule(IReadOnlyList<NoiseLevel> levels, float finalSigma, float initialScale, Func<float, float> timestepOf) : NoiseSchedule(levels, finalSigma, initialScale)
{
    public override float TimestepOf(float sigma) => timestepOf(sigma);
}
