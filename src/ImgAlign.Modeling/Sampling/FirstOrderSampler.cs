using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>
/// One evaluation a step, and nothing remembered: a step goes to the expected data, and adds of the noise that was in the sample as much as
/// is kept, and new noise. Samplers of this kind differ in how much that is.
/// </summary>
public abstract class FirstOrderSampler : ISampler
{
    public abstract string Name { get; }

    public abstract SamplerKind Kind { get; }

    public int CountEvaluations(int steps) => steps;

    public virtual ISampler? WithEta(double eta) => null;

    public Tensor Sample(Tensor x, NoiseSchedule schedule, DataEstimate estimate, INoiseSource noise) =>
        StepLoop.Run(
            x,
            schedule,
            (sample, step) =>
            {
                var (from, to) = (schedule.Levels[step], schedule.Ends[step]);
                var (kept, added, draws) = Noise(schedule, step);
                var (data, source) = Data(estimate(sample, step, from), sample, from);
                // The noise in the sample is (sample - Signal source) / Noise.
                var share = kept / from.Noise;
                var next = data.Times(to.Signal).PlusInPlace(sample, share).PlusInPlace(source, -share * from.Signal);
                return draws ? next.PlusInPlace(noise.Draw(sample.shape), added) : next;
            }
        );

    /// <summary>How much noise a step leaves and adds.</summary>
    protected abstract NoiseShares Noise(NoiseSchedule schedule, int step);

    /// <summary>
    /// The data that a step goes to, and the data that the noise is taken to surround: the network's expectation, unless something is done
    /// to it.
    /// </summary>
    protected virtual (Tensor Data, Tensor Source) Data(Tensor expected, Tensor x, NoiseLevel level) => (expected, expected);

    /// <summary>The noise after a step.</summary>
    /// <param name="Kept">The weight of the noise that was in the sample.</param>
    /// <param name="Added">The weight of new noise.</param>
    /// <param name="Draws">Whether new noise is drawn, which other draws may follow, also where its weight is 0.</param>
    protected readonly record struct NoiseShares(double Kept, double Added, bool Draws);
}
