using MathNet.Numerics.Distributions;

namespace ImgAlign.Sampling;

/// <summary>Numbers between two ends: the spacings of noise levels that know nothing of timesteps.</summary>
internal static class LevelSpacing
{
    private const double Rho = 7;
    private const double BetaShape = 0.6;

    /// <summary>Noise levels from the highest to the lowest.</summary>
    public static double[] Between(double highest, double lowest, int count, NoiseLevelSpacing spacing)
    {
        Func<double, double> level = spacing switch
        {
            NoiseLevelSpacing.Karras => place => Math.Pow(Part(Math.Pow(highest, 1 / Rho), Math.Pow(lowest, 1 / Rho), place), Rho),
            NoiseLevelSpacing.Beta => place => Part(lowest, highest, Beta.InvCDF(BetaShape, BetaShape, 1 - place)),
            _ => place => Math.Exp(Part(Math.Log(highest), Math.Log(lowest), place)),
        };
        return [.. Even(0, 1, count).Select(level)];
    }

    /// <summary>Numbers at equal distances, both ends included; a single one is the first.</summary>
    public static double[] Even(double first, double last, int count) =>
        [.. Enumerable.Range(0, count).Select(i => count == 1 ? first : Part(first, last, (double)i / (count - 1)))];

    private static double Part(double from, double to, double place) => from + place * (to - from);
}
