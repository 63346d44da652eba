using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>
/// One update of DPM-Solver (Lu et al., 2022) and DPM-Solver++, and of their stochastic forms: from a sample, with the network's answer and
/// its differences, each of which is data or noise, to another noise level. In the logarithm of signal to noise; a step of length h.
/// </summary>
public sealed record DpmUpdate
{
    /// <summary>Whether answers are turned into noise; otherwise into data (the forms with <c>++</c>).</summary>
    public bool PredictsNoise { get; init; }

    /// <summary>Whether each update adds new noise.</summary>
    public bool IsStochastic { get; init; }

    /// <summary>Whether the second order is integrated exactly (<c>heun</c>); otherwise by the midpoint.</summary>
    public bool IsExact { get; init; }

    /// <summary>What the solver remembers of the network's expectation.</summary>
    /// <param name="data">The expected data; borrowed.</param>
    /// <param name="x">The sample that it was said of; borrowed.</param>
    /// <param name="level">Its noise level.</param>
    /// <returns>A tensor of its own.</returns>
    public Tensor Answer(Tensor data, Tensor x, NoiseLevel level) =>
        PredictsNoise ? data.Times(-level.Signal / level.Noise).PlusInPlace(x, 1 / level.Noise) : data.alias();

    /// <summary>The sample at another level.</summary>
    /// <param name="x">The sample.</param>
    /// <param name="from">Its level.</param>
    /// <param name="to">The level to go to.</param>
    /// <param name="order">The order of the update.</param>
    /// <param name="differences">The answer, and its first and second difference in units of the step, as far as the order has
    /// them.</param>
    /// <param name="z">New noise for the stochastic forms.</param>
    public Tensor Step(Tensor x, NoiseLevel from, NoiseLevel to, int order, IReadOnlyList<Tensor> differences, Tensor? z)
    {
        var h = to.LogSnr - from.LogSnr; // infinite where the noise ends, or the signal begins
        var g = (PredictsNoise ? h : -h) * (IsStochastic && !PredictsNoise ? 2 : 1);
        var growth = double.ExpM1(g);
        var kept = PredictsNoise ? to.Signal / from.Signal : to.Noise / from.Noise * (IsStochastic ? Math.Exp(-h) : 1);
        var weight = PredictsNoise ? to.Noise * (IsStochastic ? -2 : -1) : -to.Signal;
        var next = x.Times(kept).PlusInPlace(differences[0], weight * growth);
        if (differences.Count > 1)
            next.PlusInPlace(differences[1], weight * (IsExact || order > 2 ? growth / g - 1 : growth / 2));
        if (differences.Count > 2)
        {
            // The reference has this sign for the stochastic form, with which the term does not vanish for small steps.
            var constant = IsStochastic && !PredictsNoise ? 0.5 : -0.5;
            next.PlusInPlace(differences[2], weight * ((growth - g) / (g * g) + constant));
        }
        if (z is null)
            return next;
        return next.PlusInPlace(z, to.Noise * Math.Sqrt(PredictsNoise ? double.ExpM1(2 * h) : -double.ExpM1(-2 * h)));
    }
}
