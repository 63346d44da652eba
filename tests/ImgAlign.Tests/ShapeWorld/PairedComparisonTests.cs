using ImgAlign.ShapeWorld.Evaluation;

namespace ImgAlign.Tests.ShapeWorld;

public class PairedComparisonTests
{
    [Theory]
    // As summed term by term.
    [InlineData(7, 12, 0.359283447265625)]
    [InlineData(49, 27, 0.015440262020906361)]
    [InlineData(3, 0, 0.25)]
    [InlineData(5, 5, 1)]
    [InlineData(0, 0, 1)]
    public void The_sign_test_is_exact(int wins, int losses, double expected) =>
        Assert.Equal(expected, new PairedComparison("a", "b", wins, 0, losses).PValue, 1e-6);

    [Fact]
    public void Wins_ties_and_losses_are_counted_prompt_by_prompt()
    {
        var comparison = PairedComparison.Of("a", [true, true, false, false], "b", [true, false, true, false]);

        Assert.Equal(("a", "b", 1, 2, 1), (comparison.Name, comparison.Baseline, comparison.Wins, comparison.Ties, comparison.Losses));
    }

    [Fact]
    public void The_interval_holds_the_share()
    {
        var (low, high) = new PairedComparison("a", "b", 49, 100, 27).WinShareInterval;

        Assert.InRange(low, 0.5265, 0.5267);
        Assert.InRange(high, 0.7512, 0.7513);
    }
}
