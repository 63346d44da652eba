namespace ImgAlign;

/// <summary>
/// A noise level as samplers and networks see it: a sample at it is <c>x = Signal data + Noise noise</c>. Which pairs there are is the
/// schedule's choice: noise added to the data (1 and sigma), both with squares that sum to 1, or a flow from one to the other (1 - t and
/// t).
/// </summary>
/// <param name="signal">The share of the data, 0 or more.</param>
/// <param name="noise">The standard deviation of the noise, 0 or more.</param>
/// <param name="timestep">What the network is told about it, in the family's own unit.</param>
public readonly struct NoiseLevel(double signal, double noise, float timestep)
{
    /// <summary>The end of a schedule: data without noise.</summary>
    public static NoiseLevel Clean { get; } = new(1, 0, 0);

    /// <summary>The share of the data.</summary>
    public double Signal => signal;

    /// <summary>The standard deviation of the noise.</summary>
    public double Noise => noise;

    /// <summary>What the network is told about it, in the family's own unit.</summary>
    public float Timestep => timestep;

    /// <summary>Noise to signal; infinite where there is nothing but noise.</summary>
    public double Sigma => noise / signal;

    /// <summary>The standard deviation of a sample whose data has that of 1.</summary>
    public double Scale => Math.Sqrt(signal * signal + noise * noise);

    /// <summary>The logarithm of signal to noise, by which multistep solvers extrapolate; infinite at either end.</summary>
    public double LogSnr => Math.Log(signal / noise);
}
