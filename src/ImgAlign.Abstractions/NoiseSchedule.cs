namespace ImgAlign;

/// <summary>
/// The noise levels of one generation, and what samplers need to evaluate the network between them. A sample at noise level sigma is
/// <c>x = SignalScaleOf(sigma) data + sigma noise</c>.
/// </summary>
/// <param name="levels">Where the steps begin, from the highest noise level to the last one above the end.</param>
/// <param name="finalSigma">The noise level at which the last step ends, usually 0.</param>
/// <param name="initialScale">What unit normal noise is multiplied by before the first step.</param>
public abstract class NoiseSchedule(IReadOnlyList<NoiseLevel> levels, float finalSigma, float initialScale)
{
    /// <summary>Where the steps begin: one level for each step, falling.</summary>
    public IReadOnlyList<NoiseLevel> Levels { get; } = levels;

    /// <summary>The noise level at which the last step ends, usually 0.</summary>
    public float FinalSigma { get; } = finalSigma;

    /// <summary>What unit normal noise is multiplied by before the first step.</summary>
    public float InitialScale { get; } = initialScale;

    /// <summary>The number of steps.</summary>
    public int Steps => Levels.Count;

    /// <summary>The noise level after a step.</summary>
    /// <param name="step">The step's position, from 0.</param>
    public float SigmaAfter(int step) => step + 1 < Levels.Count ? Levels[step + 1].Sigma : FinalSigma;

    /// <summary>What the network is told about any noise level, also one between two steps.</summary>
    /// <param name="sigma">The noise level, above 0.</param>
    public abstract float TimestepOf(float sigma);

    /// <summary>The share of the data in a sample: 1 where noise is added to data (SDXL), <c>1 - sigma</c> where a flow leads from one to the other (FLUX).</summary>
    /// <param name="sigma">The noise level.</param>
    public virtual double SignalScaleOf(double sigma) => 1;
}
