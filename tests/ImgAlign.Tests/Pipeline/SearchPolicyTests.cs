namespace ImgAlign.Tests.Pipeline;

/// <summary>Policies as what they are: candidates in, proposals out.</summary>
public sealed class SearchPolicyTests
{
    private static readonly Candidate First = new()
    {
        Number = 0,
        Round = 0,
        Cost = 1,
        Prompt = "a red house",
        Seed = 30,
        Image = new RgbImage(1, 1, new byte[3]),
        Scores = [],
        Accepted = true,
    };

    [Fact]
    public void Rounds_align_what_is_kept_until_one_is_refused()
    {
        var kept = After(First, 1, SearchAction.Align, accepted: true);
        Assert.Equal([(SearchAction.Align, 0)], SearchPolicies.Rounds.Next([First], First));
        Assert.Equal([(SearchAction.Align, 1)], SearchPolicies.Rounds.Next([First, kept], kept));
        Candidate[] refused = [First, kept, After(kept, 2, SearchAction.Align, accepted: false)];
        Assert.Empty(SearchPolicies.Rounds.Next(refused, kept));
        Assert.Equal([(SearchAction.Align, 1)], new RoundsPolicy { StopsAtRejection = false }.Next(refused, kept));
    }

    [Fact]
    public void Best_of_n_draws_as_many_as_it_may_at_once()
    {
        var steps = SearchPolicies.BestOfN.Next([First], First);
        Assert.Equal(Enumerable.Repeat((SearchAction.Resample, 0), 7), steps.Take(7));
    }

    [Fact]
    public void Greedy_tries_another_action_where_one_was_refused_and_begins_again_where_one_was_kept()
    {
        List<Candidate> candidates = [First];
        List<SearchAction> tried = [];
        for (var number = 1; number <= 5; number++)
        {
            var step = Assert.Single(SearchPolicies.Greedy.Next(candidates, First));
            Assert.Equal(0, step.Parent);
            tried.Add(step.Action);
            candidates.Add(After(First, number, step.Action, accepted: false));
        }
        // Aligned with its noise once, the first picture is not aligned with it again.
        Assert.Equal(SearchPolicies.Greedy.Actions.Append(SearchAction.AlignAndResample), tried);

        var aligned = After(First, 6, SearchAction.Align, accepted: true);
        var next = Assert.Single(SearchPolicies.Greedy.Next([.. candidates, aligned], aligned));
        Assert.Equal((SearchAction.AlignAndResample, 6), next); // the same noise would give the same picture
        foreach (var action in new[] { SearchAction.Resample, SearchAction.Rewrite })
        {
            var other = After(First, 6, action, accepted: true);
            Assert.Equal((SearchAction.Align, 6), Assert.Single(SearchPolicies.Greedy.Next([.. candidates, other], other)));
        }
    }

    [Fact]
    public void Greedy_aligns_what_is_doubted_as_a_whole()
    {
        var first = First with
        {
            Scores = [new NamedScore("vqa", 0.1) { Answers = [new JudgedAnswer(new PictureQuestion("Does it?"), 0.1)] }],
        };

        Assert.Equal(SearchAction.Align, Assert.Single(SearchPolicies.Greedy.Next([first], first)).Action);
    }

    [Theory]
    [InlineData(0.9, 0.1, 0.2, SearchAction.Resample)]
    [InlineData(0.9, 0.6, 0.2, SearchAction.Align)]
    public void Greedy_takes_other_noise_first_where_a_judge_finds_most_wrong(double a, double b, double c, SearchAction expected)
    {
        var answers = new[] { a, b, c }.Select(static answer => new JudgedAnswer(new PictureQuestion("Is it?"), answer));
        var first = First with { Scores = [new NamedScore("judge", 0.5) { Answers = [.. answers] }] };
        Assert.Equal(expected, Assert.Single(SearchPolicies.Greedy.Next([first], first)).Action);
    }

    [Fact]
    public void Policies_are_found_by_their_names()
    {
        Assert.All(SearchPolicies.All, policy => Assert.Same(policy, SearchPolicies.ByName(policy.Name)));
        var unknown = Assert.Throws<InvalidRequestException>(() => SearchPolicies.ByName("best"));
        Assert.Equal("There is no policy 'best'; there are rounds, best-of-n, greedy.", unknown.Message);
    }

    private static Candidate After(Candidate parent, int number, SearchAction action, bool accepted) =>
        parent with
        {
            Number = number,
            Parent = parent.Number,
            Action = action,
            Round = number,
            Seed = action == SearchAction.Align ? parent.Seed : number,
            Prompt = action == SearchAction.Rewrite ? "a house that is red" : parent.Prompt,
            Accepted = accepted,
        };
}
