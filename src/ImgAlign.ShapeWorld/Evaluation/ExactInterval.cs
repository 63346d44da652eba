using MathNet.Numerics.Distributions;

namespace ImgAlign.ShapeWorld.Evaluation;

/// <summary>Exact intervals of shares (Clopper and Pearson, 1934).</summary>
internal static class ExactInterval
{
    private const double Outside = 0.05; // of a 95% interval

    /// <summary>The 95% interval of a share.</summary>
    /// <param name="successes">What was counted.</param>
    /// <param name="trials">Out of how many; 0: nothing is known.</param>
    public static (double Low, double High) Of(int successes, int trials) =>
        (
            successes == 0 ? 0 : Beta.InvCDF(successes, trials - successes + 1, Outside / 2),
            successes == trials ? 1 : Beta.InvCDF(successes + 1, trials - successes, 1 - Outside / 2)
        );
}
