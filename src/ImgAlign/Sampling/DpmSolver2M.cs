using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>
/// DPM-Solver++(2M) (Lu et al., 2022, algorithm 2): the estimates of the data at this step and the one before extrapolate to the middle of the step, in
/// the logarithm of the signal-to-noise ratio. The first step has no step before it, and the last one, to noise level 0, is the estimate itself.
/// </summary>
internal sealed class DpmSolver2M : ISampler
{
    public string Name => "dpmpp-2m";

    public int CountEvaluations(int steps) => steps;

    public Tensor Sample(Tensor x, NoiseSchedule schedule, DerivativeEstimate derivative, INoiseSource noise)
    {
        using var scope = NewDisposeScope();
        var sample = x.alias();
        Tensor? dataBefore = null;
        var lengthBefore = 0.0;
        for (var step = 0; step < schedule.Steps; step++)
        {
            using var stepScope = NewDisposeScope();
            var level = schedule.Levels[step];
            double sigma = level.Sigma, sigmaAfter = schedule.SigmaAfter(step);
            var data = sample - derivative(sample, step, level).Times(level.Sigma);
            var length = LogSnr(schedule, sigmaAfter) - LogSnr(schedule, sigma);  // infinite where the noise ends, or the signal begins
            var middle = dataBefore is null || double.IsInfinity(length) || double.IsInfinity(lengthBefore)
                ? data
                : data.Plus((data - dataBefore).Times(length / (2 * lengthBefore)));
            var next = sample.Times(sigmaAfter / sigma) - middle.Times(schedule.SignalScaleOf(sigmaAfter) * double.ExpM1(-length));
            dataBefore?.Dispose();
            sample.Dispose();
            (dataBefore, sample, lengthBefore) = (data.MoveToOuterDisposeScope(), next.MoveToOuterDisposeScope(), length);
        }
        return sample.MoveToOuterDisposeScope();
    }

    private static double LogSnr(NoiseSchedule schedule, double sigma) => Math.Log(schedule.SignalScaleOf(sigma) / sigma);
}
