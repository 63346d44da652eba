using ImgAlign.Evaluation;
using ImgAlign.Evaluation.Statistics;

namespace ImgAlign.Tests.Evaluation;

/// <summary>What golden <c>win-rate</c> leaves open.</summary>
public class PairedComparisonTests
{
    [Theory]
    // As summed term by term.
    [InlineData(7, 12, 0.359283447265625)]
    [InlineData(49, 27, 0.015440262020906361)]
    [InlineData(3, 0, 0.25)]
    [InlineData(5, 5, 1)]
    [InlineData(0, 0, 1)]
    public void The_sign_test_is_exact(int wins, int losses, double expected)
    {
        double[] scores = [.. Enumerable.Repeat(1.0, wins), .. Enumerable.Repeat(-1.0, losses), 0];

        var comparison = new PairedComparison(new double[scores.Length], scores, Resampling.Draw(scores.Length).Take(1));

        Assert.Equal(expected, comparison.PValue, 1e-12);
        Assert.Equal((wins, 1, losses), (comparison.Wins, comparison.Ties, comparison.Losses));
    }

    [Theory]
    [InlineData(new[] { 0.0, 0, 0, 1, 1 }, new[] { 1.0, 0, 1, 1, 0 }, 3)]
    [InlineData(new[] { 1.0, 1 }, new[] { 1.0, 0 }, 0)]
    [InlineData(new[] { 0.0, 0.5 }, new[] { 1.0, 1 }, null)] // a mean over pictures is no verdict
    [InlineData(new[] { 0.0, 1 }, new[] { 0.9, 1 }, null)]
    public void Of_verdicts_it_is_known_how_many_could_be_made_right(double[] baseline, double[] scores, int? wrong) =>
        Assert.Equal(wrong, new PairedComparison(baseline, scores, Resampling.Draw(scores.Length).Take(1)).WrongInBaseline);

    [Fact]
    public void Holm_corrects_from_the_smallest_p_on_and_never_goes_down() =>
        Assert.Equal([0.04, 0.06, 0.06, 0.9], HolmCorrection.Apply([0.01, 0.03, 0.02, 0.9]).Select(static p => Math.Round(p, 12)));

    [Fact]
    public void Resamples_are_the_same_in_every_run() =>
        Assert.Equal(Resampling.Draw(5).Take(3).Select(static places => places.ToArray()), Resampling.Draw(5).Take(3));
}
