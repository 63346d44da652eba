using MathNet.Numerics.Distributions;

namespace ImgAlign.ShapeWorld.Evaluation;

/// <summary>Two ways to generate, compared prompt by prompt.</summary>
/// <param name="name">The way in question.</param>
/// <param name="baseline">What it is compared with.</param>
/// <param name="wins">Prompts that it alone gets wholly right.</param>
/// <param name="ties">Prompts that both or neither get right.</param>
/// <param name="losses">Prompts that the baseline alone gets right.</param>
public sealed class PairedComparison(string name, string baseline, int wins, int ties, int losses)
{
    /// <summary>The way in question.</summary>
    public string Name { get; } = name;

    /// <summary>What it is compared with.</summary>
    public string Baseline { get; } = baseline;

    /// <summary>Prompts that it alone gets wholly right.</summary>
    public int Wins { get; } = wins;

    /// <summary>Prompts that both or neither get right.</summary>
    public int Ties { get; } = ties;

    /// <summary>Prompts that the baseline alone gets right.</summary>
    public int Losses { get; } = losses;

    /// <summary>Compares.</summary>
    /// <param name="name">The way in question.</param>
    /// <param name="right">Which prompts it gets right.</param>
    /// <param name="baseline">What it is compared with.</param>
    /// <param name="baselineRight">Which prompts that gets right.</param>
    internal static PairedComparison Of(string name, IReadOnlyList<bool> right, string baseline, IReadOnlyList<bool> baselineRight)
    {
        var pairs = right.Zip(baselineRight).ToList();
        return new(
            name,
            baseline,
            pairs.Count(static pair => pair is (true, false)),
            pairs.Count(static pair => pair.First == pair.Second),
            pairs.Count(static pair => pair is (false, true))
        );
    }

    /// <summary>The exact sign test's two-sided p-value: how likely so uneven wins and losses are where both are equally good.</summary>
    public double PValue => Wins + Losses == 0 ? 1 : Math.Min(1, 2 * Binomial.CDF(0.5, Wins + Losses, Math.Min(Wins, Losses)));

    /// <summary>The exact 95% interval of the share of wins among wins and losses (Clopper and Pearson, 1934).</summary>
    internal (double Low, double High) WinShareInterval => ExactInterval.Of(Wins, Wins + Losses);
}
