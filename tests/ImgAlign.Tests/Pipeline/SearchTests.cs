using ImgAlign.Sampling;
using TorchSharp;

namespace ImgAlign.Tests.Pipeline;

/// <summary>What holds for a search by any policy.</summary>
public sealed class SearchTests : IDisposable
{
    private readonly ColourWorld world = new();

    public static TheoryData<string> Policies => new(SearchPolicies.All.Select(static policy => policy.Name));

    public void Dispose() => world.Dispose();

    [Theory]
    [MemberData(nameof(Policies))]
    public async Task Budgets_are_kept_and_the_pictures_of_a_small_one_are_those_of_a_large_one(string policy)
    {
        var large = await Search(policy, 6);
        for (var budget = 1; budget <= 6; budget++)
        {
            var result = await Search(policy, budget);
            foreach (var (item, whole) in result.Items.Zip(large.Items))
            {
                Assert.Equal((budget, Math.Min(budget, whole.Generations)), (item.Budget, item.Generations));
                Assert.Equal(whole.Candidates.Take(item.Candidates.Count), item.Candidates);
                Assert.Equal(Enumerable.Range(0, item.Candidates.Count), item.Candidates.Select(static candidate => candidate.Number));
                Assert.All(item.Candidates.Skip(1), static candidate => Assert.True(candidate.Parent < candidate.Number));
                Assert.Equal(item.Candidates.Max(Score), Score(item.Kept));
            }
        }
        Assert.Equal(policy, large.Policy.Name);
        if (policy != SearchPolicies.Rounds.Name) // rounds end where one is refused
            Assert.All(large.Items, static item => Assert.Equal(6, item.Generations));
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public async Task A_picture_that_is_given_costs_nothing(string policy)
    {
        var given = ColourWorld.Request.With(static item => item with { Image = new RgbImage(32, 32, new byte[3 * 32 * 32]) });
        var item = await world.Pipeline.AlignOneAsync(given with { Budget = 1, Policy = SearchPolicies.ByName(policy) });
        Assert.Equal((0, 1), (item.Candidates[0].Cost, item.Generations));
    }

    [Theory]
    [MemberData(nameof(Policies))]
    public async Task Progress_only_grows(string policy)
    {
        var updates = await world.Pipeline.StreamAsync(Request(policy, 5)).ReadAsync();
        var progress = updates.Select(static update => update.Progress).ToList();
        Assert.Equal(progress.Order(), progress);
        Assert.Equal((0, 1), (progress[0], progress[^1]));
        var result = Assert.IsType<RunCompleted<AlignmentResult>>(updates[^1]).Result;
        foreach (var (index, item) in result.Items.Index())
            Assert.Equal(
                item.Candidates.Skip(1),
                updates.OfType<CandidateReady>().Where(update => update.Item == index).Select(static update => update.Candidate)
            );
    }

    [Fact]
    public async Task The_candidates_of_a_round_are_one_batch()
    {
        var predictions = 0;
        using var counted = new ColourWorld(hook: called => predictions += called == "Predict" ? 1 : 0);
        var result = await counted.Pipeline.AlignAsync(Request("best-of-n", 4) with { GuidanceBranches = GuidanceBranches.Together });
        Assert.Equal(6, result.Report.BatchSize); // two items of three pictures beside the first
        Assert.Equal(2 * 6, predictions); // six steps of the first pictures, and six of all the others
    }

    [Fact]
    public async Task A_candidate_can_be_drawn_again_by_its_prompt_and_seed()
    {
        var item = (await Search("best-of-n", 3)).Items[0];
        var again = await world.Generation.ImagesAsync(
            new GenerationRequest(
                item.Candidates.Select(static candidate => new GenerationItem(candidate.Prompt) { Seed = candidate.Seed })
            )
        );
        Assert.Equal(item.Candidates.Select(static candidate => candidate.Image), again);
        Assert.Equal(3, again.Distinct().Count());
    }

    [Fact]
    public async Task A_rewritten_prompt_holds_the_critique_and_pictures_are_scored_by_the_item_s_own()
    {
        var item = (await Search("greedy", 8)).Items[0];
        var rewritten = item.Candidates.First(static candidate => candidate.Action == SearchAction.Rewrite);
        Assert.Equal($"a red house. {rewritten.Critique}", rewritten.Prompt);
        Assert.Contains("a red house", rewritten.Question, StringComparison.Ordinal);
        var scorer = new Testing.Reference.ColourScorer(world.Runtime);
        Assert.Equal(scorer.Score([rewritten.Image], ["a red house"])[0], Score(rewritten));
    }

    [Fact]
    public async Task A_score_that_suffices_ends_a_search()
    {
        var gate = new ScoreGate(new ScoreCriterion { Scorer = "Colour", Sufficient = -100 });
        Assert.All(
            (await world.Pipeline.AlignAsync(Request("greedy", 8) with { Acceptance = gate })).Items,
            static item => Assert.Equal(1, item.Generations)
        );
    }

    [Fact]
    public async Task A_policy_may_propose_only_what_it_says()
    {
        var exception = await Assert.ThrowsAsync<ImgAlignException>(() =>
            world.Pipeline.AlignAsync(ColourWorld.Request with { Policy = new Wrong() })
        );
        Assert.Contains("The policy wrong proposes Rewrite of the picture 0", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_pipeline_without_a_detector_draws_and_selects()
    {
        var options = new AlignmentPipelineOptions { Scorers = [new Testing.Reference.ColourScorer(world.Runtime)] };
        using var selecting = new AlignmentPipeline(world.Backbone, options);
        var request = Request("best-of-n", 3);
        Assert.Equal((await world.Pipeline.AlignAsync(request)).Items, (await selecting.AlignAsync(request with { Policy = null })).Items);
        var refused = Assert.Throws<InvalidRequestException>(() =>
            selecting.AlignAsync(request with { Policy = SearchPolicies.Rounds }).GetAwaiter().GetResult()
        );
        Assert.StartsWith("Policy rounds reads and aligns pictures", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Noise_of_one_s_own_is_refused_where_other_noise_is_drawn()
    {
        using var noise = new TorchNoise(1);
        var request = ColourWorld.Request.With(item => item with { Noise = noise }) with { Policy = SearchPolicies.Greedy };
        var exception = Assert.Throws<InvalidRequestException>(() => world.Pipeline.AlignAsync(request).GetAwaiter().GetResult());
        Assert.StartsWith("Policy greedy draws other noise by an item's seed", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_hundred_searches_that_are_cancelled_anywhere_leave_no_tensor()
    {
        var random = new Random(7);
        var (calls, last) = (0, 0);
        using var cancellations = new CancellationSequence();
        using var hooked = new ColourWorld(hook: _ =>
        {
            if (++calls == last)
                cancellations.Current.Cancel();
        });
        await hooked.Pipeline.AlignAsync(Request("greedy", 4));
        var (before, cancelled) = (LiveTensors.Count(), 0);
        for (var search = 0; search < 100; search++)
        {
            (calls, last) = (0, random.Next(1, 120));
            var policy = SearchPolicies.All[search % SearchPolicies.All.Count].Name;
            try
            {
                await hooked.Pipeline.AlignAsync(Request(policy, 4), cancellationToken: cancellations.Next());
            }
            catch (OperationCanceledException)
            {
                cancelled++;
            }
        }
        Assert.InRange(cancelled, 20, 99);
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    private static AlignmentRequest Request(string policy, int budget) =>
        new(new AlignmentItem("a red house") { Seed = 3 }, new AlignmentItem("a blue house") { Seed = 4 })
        {
            Policy = SearchPolicies.ByName(policy),
            Budget = budget,
        };

    private Task<AlignmentResult> Search(string policy, int budget) => world.Pipeline.AlignAsync(Request(policy, budget));

    private static double Score(Candidate candidate) => candidate.Scores.Score("Colour");

    private sealed class Wrong : ISearchPolicy
    {
        public string Name => "wrong";

        public IReadOnlyList<SearchAction> Actions => [SearchAction.Align];

        public bool NeedsScores => false;

        public int Width => 1;

        public IEnumerable<(SearchAction Action, int Parent)> Next(IReadOnlyList<Candidate> candidates, Candidate kept) =>
            [(SearchAction.Rewrite, 0)];
    }

    private sealed class CancellationSequence : IDisposable
    {
        public CancellationTokenSource Current { get; private set; } = new();

        public CancellationToken Next()
        {
            Current.Dispose();
            return (Current = new CancellationTokenSource()).Token;
        }

        public void Dispose() => Current.Dispose();
    }
}
