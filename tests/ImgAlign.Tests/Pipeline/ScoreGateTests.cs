namespace ImgAlign.Tests.Pipeline;

public class ScoreGateTests
{
    private static readonly IReadOnlyList<NamedScore> Before = [new("a", 1), new("b", 10), new("c", 0)];

    [Theory]
    [InlineData(GateVote.All, 2, 11, 1, true)]
    [InlineData(GateVote.All, 2, 11, 0, false)]
    [InlineData(GateVote.Majority, 2, 11, 0, true)]
    [InlineData(GateVote.Majority, 2, 10, 0, false)]
    [InlineData(GateVote.Any, 1, 10, 0.1, true)]
    [InlineData(GateVote.Any, 1, 10, 0, false)]
    public void Scorers_vote(GateVote vote, double a, double b, double c, bool isBetter)
    {
        var gate = Gate(new() { Scorer = "a" }, new() { Scorer = "b" }, new() { Scorer = "c" }) with { Vote = vote };
        Assert.Equal(isBetter, gate.Accepts(Before, [new("a", a), new("b", b), new("c", c)]));
    }

    [Theory]
    [InlineData(0.5, 1.5, false)]
    [InlineData(0.5, 1.51, true)]
    [InlineData(-0.5, 0.51, true)]
    [InlineData(-0.5, 0.5, false)]
    public void A_margin_must_be_exceeded(double margin, double after, bool isBetter)
    {
        var gate = Gate(new ScoreCriterion { Scorer = "a", Margin = margin });
        Assert.Equal(isBetter, gate.Accepts(Before, [new("c", 9), new("b", 0), new("a", after)]));
    }

    [Fact]
    public void There_is_enough_where_scores_suffice()
    {
        var gate = Gate(new() { Scorer = "a", Sufficient = 1 }, new() { Scorer = "b", Sufficient = 11 }, new() { Scorer = "c" });
        Assert.False(gate.IsEnough(Before));
        Assert.True((gate with { Vote = GateVote.Any }).IsEnough(Before));
        Assert.False(Gate(new ScoreCriterion { Scorer = "c" }).IsEnough(Before));
    }

    [Fact]
    public void A_gate_says_what_it_does()
    {
        var gate = Gate(
            new()
            {
                Scorer = "a",
                Margin = 0.5,
                Sufficient = 22,
            },
            new() { Scorer = "b" }
        ) with
        {
            Vote = GateVote.Any,
        };
        Assert.Equal("kept if better by any of a + 0.5, b; done at a 22", gate.Description);
        Assert.Equal(["a", "b"], gate.Scorers);
    }

    [Fact]
    public void A_gate_that_cannot_decide_is_refused()
    {
        Assert.Contains("needs a scorer", Assert.Throws<ArgumentException>(() => Gate()).Message, StringComparison.Ordinal);
        var twice = Assert.Throws<ArgumentException>(() => Gate(new() { Scorer = "a" }, new() { Scorer = "a" }));
        Assert.Contains("'a' more than once", twice.Message, StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Gate(new ScoreCriterion { Scorer = "a", Margin = double.NaN }));
        Assert.Throws<ArgumentException>(() => Gate(new ScoreCriterion { Scorer = "a", Sufficient = double.PositiveInfinity }));
    }

    private static ScoreGate Gate(params ScoreCriterion[] criteria) => new(criteria);
}
