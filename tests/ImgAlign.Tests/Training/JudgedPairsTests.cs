using ImgAlign.Training.Data;

namespace ImgAlign.Tests.Training;

public sealed class JudgedPairsTests
{
    private static readonly ScoreGate Gate = new(
        new ScoreCriterion { Scorer = "a", Margin = 0.5 },
        new ScoreCriterion { Scorer = "b", Margin = -1 }
    );

    [Fact]
    public void The_best_picture_is_paired_with_all_that_it_beats_by_every_margin()
    {
        Candidate[] candidates = [Of(0, 1, 1), Of(1, 3, 1), Of(2, 2.6, 9), Of(3, 2.4, 1)];
        // The second beats the first and the last; the third by far, but by b's margin it is beaten itself.
        var pairs = JudgedPairs.Of(candidates, Gate);
        Assert.Equal([(1, 0), (1, 3)], pairs.Select(static pair => (pair.Preferred.Number, pair.Rejected.Number)));
        var margins = JudgedPairs.Margins(pairs[0].Preferred, pairs[0].Rejected);
        Assert.Equal([("a", 2.0), ("b", 0.0)], margins.Select(static margin => (margin.Key, margin.Value)));
    }

    [Fact]
    public void Pictures_that_are_alike_make_no_pair() => Assert.Empty(JudgedPairs.Of([Of(0, 1, 1), Of(1, 1, 1)], Gate));

    [Fact]
    public void Pictures_that_would_replace_each_other_make_no_pair()
    {
        var tolerant = new ScoreGate(new ScoreCriterion { Scorer = "a", Margin = -1 });
        Assert.Empty(JudgedPairs.Of([Of(0, 1, 0), Of(1, 1.5, 0)], tolerant));
        // 2 is the only one that another beats, and the first of all would replace 1 as well.
        var pairs = JudgedPairs.Of([Of(0, 1, 0), Of(1, 1.5, 0), Of(2, 0.2, 0)], tolerant);
        Assert.Equal([(1, 2)], pairs.Select(static pair => (pair.Preferred.Number, pair.Rejected.Number)));

        var any = new ScoreGate(new ScoreCriterion { Scorer = "a" }, new ScoreCriterion { Scorer = "b" }) { Vote = GateVote.Any };
        Assert.Empty(JudgedPairs.Of([Of(0, 1, 2), Of(1, 2, 1)], any));
    }

    private static Candidate Of(int number, double a, double b) =>
        new()
        {
            Number = number,
            Round = 0,
            Cost = 1,
            Prompt = "red",
            Seed = number,
            Image = new RgbImage(1, 1, new byte[3]),
            Scores = [new NamedScore("a", a), new NamedScore("b", b)],
            Accepted = false,
        };
}
