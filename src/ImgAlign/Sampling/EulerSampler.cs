using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>Euler steps, <c>x += (next sigma - sigma) dx/dsigma</c> (Karras et al., 2022, algorithm 2 without churn).</summary>
internal sealed class EulerSampler : ISampler
{
    public string Name => "euler";

    public int CountEvaluations(int steps) => steps;

    public Tensor Sample(Tensor x, NoiseSchedule schedule, DerivativeEstimate derivative, INoiseSource noise)
    {
        using var scope = NewDisposeScope();
        var sample = x.alias();
        for (var step = 0; step < schedule.Steps; step++)
        {
            using var stepScope = NewDisposeScope();
            var level = schedule.Levels[step];
            var next = sample.Plus(derivative(sample, step, level).Times(schedule.SigmaAfter(step) - level.Sigma));
            sample.Dispose();
            sample = next.MoveToOuterDisposeScope();
        }
        return sample.MoveToOuterDisposeScope();
    }
}
