using MathNet.Numerics.Distributions;

namespace ImgAlign.ShapeWorld.Evaluation;

/// <summary>Two ways to generate, compared prompt by prompt.</summary>
/// <param name="Name">The way in question.</param>
/// <param name="Baseline">What it is compared with.</param>
/// <param name="Wins">Prompts that it alone gets wholly right.</param>
/// <param name="Ties">Prompts that both or neither get right.</param>
/// <param name="Losses">Prompts that the baseline alone gets right.</param>
public sealed record PairedComparison(string Name, string Baseline, int Wins, int Ties, int Losses)
{
    /// <summary>Compares.</summary>
    /// <param name="name">The way in question.</param>
    /// <param name="right">Which prompts it gets right.</param>
    /// <param name="baseline">What it is compared with.</param>
    /// <param name="baselineRight">Which prompts that gets right.</param>
    public static PairedComparison Of(string name, IReadOnlyList<bool> right, string baseline, IReadOnlyList<bool> baselineRight)
    {
        var pairs = right.Zip(baselineRight).ToList();
        return new(name, baseline, pairs.Count(static pair => pair is (true, false)), pairs.Count(static pair => pair.First == pair.Second), pairs.Count(static pair => pair is (false, true)));
    }

    /// <summary>The exact sign test's two-sided p-value: how likely so uneven wins and losses are where both are equally good.</summary>
    public double PValue => Wins + Losses == 0 ? 1 : Math.Min(1, 2 * Binomial.CDF(0.5, Wins + Losses, Math.Min(Wins, Losses)));

    /// <summary>The exact 95% interval of the share of wins among wins and losses (Clopper and Pearson, 1934).</summary>
    public (double Low, double High) WinShareInterval => ExactInterval.Of(Wins, Wins + Losses);
}
