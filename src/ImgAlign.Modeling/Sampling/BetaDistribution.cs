namespace ImgAlign.Sampling;

/// <summary>The symmetric beta distribution on 0..1.</summary>
internal static class BetaDistribution
{
    /// <summary>The value that the given share of the distribution lies below.</summary>
    /// <param name="share">From 0 to 1.</param>
    /// <param name="shape">Both parameters, positive.</param>
    public static double Quantile(double share, double shape)
    {
        if (share > 0.5) return 1 - Quantile(1 - share, shape);
        // Half of it lies below one half, which saves the norm.
        var target = 2 * share * Cumulated(0.5, shape);
        var (low, high) = (0.0, 0.5);
        for (var halving = 0; halving < 100; halving++)
        {
            var middle = (low + high) / 2;
            if (Cumulated(middle, shape) < target) low = middle;
            else high = middle;
        }
        return share == 0 ? 0 : (low + high) / 2;
    }

    // The incomplete beta function but for a factor, by its hypergeometric series (DLMF 8.17.8); for x up to 1/2 a term is at most about
    // half the one before.
    private static double Cumulated(double x, double shape)
    {
        var (term, sum) = (1.0, 1.0);
        for (var n = 0; term > 1e-17 * sum; n++)
        {
            term *= x * (2 * shape + n) / (shape + 1 + n);
            sum += term;
        }
        return Math.Pow(x * (1 - x), shape) * sum;
    }
}
