namespace ImgAlign.Training.Optimization;

/// <summary>Learning rates step by step, from 0.</summary>
public static class LearningRate
{
    /// <summary>A linear rise from 0, then always the same (transformers <c>get_constant_schedule_with_warmup</c>).</summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="peak">The rate after the rise.</param>
    /// <param name="warmupSteps">The steps of the rise.</param>
    public static double Constant(long step, double peak, long warmupSteps = 0) => step < warmupSteps ? peak * step / warmupSteps : peak;

    /// <summary>
    /// A linear rise from 0, then a cosine down to 0 (transformers <c>get_cosine_schedule_with_warmup</c>); beyond the last step the cosine
    /// rises again, as there.
    /// </summary>
    /// <param name="step">The step, from 0.</param>
    /// <param name="peak">The rate after the rise.</param>
    /// <param name="totalSteps">The steps of the whole run.</param>
    /// <param name="warmupSteps">The steps of the rise.</param>
    /// <param name="cycles">Periods of the cosine: a half ends at 0.</param>
    public static double Cosine(long step, double peak, long totalSteps, long warmupSteps = 0, double cycles = 0.5)
    {
        if (step < warmupSteps)
            return peak * step / warmupSteps;
        var progress = (double)(step - warmupSteps) / Math.Max(1, totalSteps - warmupSteps);
        return peak * Math.Max(0, (1 + Math.Cos(2 * Math.PI * cycles * progress)) / 2);
    }

    /// <summary>The steps of a rise that is given as a part of the run, rounded up (as in LLaVA's recipe: 0.03).</summary>
    /// <param name="ratio">The part, from 0 to 1.</param>
    /// <param name="totalSteps">The steps of the whole run.</param>
    public static long WarmupSteps(double ratio, long totalSteps) => (long)Math.Ceiling(ratio * totalSteps);
}
