using static TorchSharp.torch;

namespace ImgAlign.Sampling;

/// <summary>The loop over the steps of a schedule, which keeps one sample at a time.</summary>
internal static class StepLoop
{
    /// <summary>Runs the steps.</summary>
    /// <param name="x">The sample at the first level that is run; borrowed.</param>
    /// <param name="schedule">The noise levels.</param>
    /// <param name="advance">Makes the sample after a step of the one before it; its other tensors are freed.</param>
    /// <returns>The last sample; disposed by the caller.</returns>
    public static Tensor Run(Tensor x, NoiseSchedule schedule, Func<Tensor, int, Tensor> advance)
    {
        using var scope = NewDisposeScope();
        var sample = x.alias();
        for (var step = schedule.First; step < schedule.Steps; step++)
        {
            using var stepScope = NewDisposeScope();
            var next = advance(sample, step);
            sample.Dispose();
            sample = next.MoveToOuterDisposeScope();
        }
        return sample.MoveToOuterDisposeScope();
    }
}
