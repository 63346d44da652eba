using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>
/// Heun's method (Karras et al., 2022, algorithm 1): an Euler step, and from its end a second slope, with which the mean is taken. The last
/// step, to no noise, is Euler's.
/// </summary>
public sealed class HeunSampler : ISampler
{
    public string Name => "heun";

    public SamplerKind Kind => SamplerKind.Heun;

    public int CountEvaluations(int steps) => 2 * steps - 1;

    public Tensor Sample(Tensor x, NoiseSchedule schedule, DataEstimate estimate, INoiseSource noise) =>
        StepLoop.Run(
            x,
            schedule,
            (sample, step) =>
            {
                var (from, to) = (schedule.Levels[step], schedule.Ends[step]);
                var first = Change(estimate(sample, step, from), sample, from);
                var end = sample.Plus(first);
                if (step + 1 == schedule.Steps)
                    return end;
                var second = Change(estimate(end, step, to), end, to);
                return sample.Plus(first.Plus(second).Times(0.5));

                // What the step makes of a sample of this data and noise: the path from one to the other is a straight line.
                Tensor Change(Tensor data, Tensor at, NoiseLevel level)
                {
                    var share = (to.Noise - from.Noise) / level.Noise;
                    return data.Times(to.Signal - from.Signal - share * level.Signal).PlusInPlace(at, share);
                }
            }
        );
}
