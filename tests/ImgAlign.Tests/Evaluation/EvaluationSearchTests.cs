using System.Security.Cryptography;
using ImgAlign.Evaluation;
using ImgAlign.Imaging;
using ImgAlign.Runtime;
using ImgAlign.Tests.ShapeWorld;

namespace ImgAlign.Tests.Evaluation;

/// <summary>Arms that choose among samples, and those that search under a budget.</summary>
public sealed class EvaluationSearchTests : EvaluationTestBase
{
    [Fact]
    public async Task Samples_of_a_prompt_are_other_pictures_and_those_that_a_search_draws()
    {
        var arms = Write(
            "arms.json",
            """{"arms": [{"name": "base"}, {"name": "second", "firstSample": 1}, {"name": "third", "firstSample": 2}]}"""
        );

        await EvaluateAsync(Write("prompts.txt", $"{Circle}\n"), "out", "--arms", arms);

        List<RgbImage> samples = [.. new[] { "base", "second", "third" }.SelectMany(arm => Pictures("out", arm))];
        Assert.Equal(3, samples.Select(static image => Convert.ToHexString(SHA256.HashData(image.Pixels))).Distinct().Count());
        using var world = new EmbeddedWorld();
        var request = new AlignmentRequest(new AlignmentItem(Circle)) { Steps = 2, MaxBatchSize = 1 }; // as the arms' pictures are drawn
        var drawn = await world.Pipeline.AlignAsync(request with { Policy = SearchPolicies.BestOfN, Budget = 3 });
        Assert.Equal(drawn.Items.Single().Candidates.Select(static candidate => candidate.Image), samples);
    }

    [Fact]
    public async Task Searches_are_arms_with_a_budget()
    {
        var prompts = Write("prompts.txt", $"{Circle}\n");
        var arms = Write(
            "arms.json",
            """{"arms": [{"name": "base"}, {"name": "greedy", "policy": "greedy", "budget": 3}, {"name": "three", "bestOf": 3}]}"""
        );

        var run = await EvaluateAsync(prompts, "out", "--arms", arms);

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.Contains(run.Lines, static line => line.StartsWith("three against greedy by ", StringComparison.Ordinal)); // they cost alike
        using var world = new EmbeddedWorld();
        var request = new AlignmentRequest(new AlignmentItem(Circle) { Image = Pictures("out", "base").Single() }) { Steps = 2 };
        var searched = await world.Pipeline.AlignAsync(request with { Policy = SearchPolicies.Greedy, Budget = 2 });
        Assert.Equal(searched.Items.Single().Image, Pictures("out", "greedy").Single());
    }

    [Fact]
    public async Task Budgets_of_a_policy_nest_and_no_picture_is_made_twice()
    {
        var prompts = Write("prompts.txt", $"{Circle}\n{Triangle}\n");
        var budgets = new[] { 1, 2, 3, 4 };
        var arms = Write(
            "arms.json",
            $$"""
            {"arms": [{"name": "base"}, {{string.Join(
                ", ",
                from policy in SearchPolicies.All
                from budget in budgets
                select $$"""{"name": "{{policy.Name}} {{budget}}", "policy": "{{policy.Name}}", "budget": {{budget}}}"""
            )}}]}
            """
        );

        var run = await EvaluateAsync(prompts, "out", "--arms", arms);

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        using var world = new EmbeddedWorld();
        var given = Pictures("out", "base").ToList();
        foreach (var policy in SearchPolicies.All)
        {
            var request = new AlignmentRequest(
                new AlignmentItem(Circle) { Image = given[0] },
                new AlignmentItem(Triangle) { Seed = 1, Image = given[1] }
            )
            {
                Steps = 2,
                Policy = policy,
                Budget = budgets[^1] - 1,
                MaxBatchSize = 2,
            };
            var searched = (await world.Pipeline.AlignAsync(request)).Items;
            foreach (var budget in budgets)
                Assert.Equal(
                    searched.Select(item => item.Candidates.Take(budget).Last(static candidate => candidate.Accepted).Image),
                    Pictures("out", $"{policy.Name} {budget}")
                );
        }

        // One search of each policy: of the budgets' entries each has its share of its seconds.
        var costs = Directory
            .EnumerateFiles(Folder.File("out"), "record.json", SearchOption.AllDirectories)
            .Where(static file => File.ReadAllText(file).Contains("\"made\": \"search\"", StringComparison.Ordinal))
            .ToList();
        Assert.Equal(SearchPolicies.All.Count * (budgets.Length - 1), costs.Count);
        Assert.All(costs, static file => Assert.Contains(" of 4 generations", File.ReadAllText(file), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_budget_that_fails_leaves_the_smaller_ones_as_they_are()
    {
        using var world = new EmbeddedWorld();
        var alone = await SearchAsync(world, world.Pipeline, "alone", 2, 3);

        var result = await SearchAsync(world, new LimitedSearch(world.Pipeline, Circle, budget: 3), "together", 2, 3, 4);

        var failed = Assert.Single(result.Pictures, static picture => picture.Failure is not null);
        Assert.Equal(("greedy 4", Circle, "too many"), (failed.Arm.Name, failed.Item.Prompt.Prompt, failed.Failure));
        Assert.Equal(Hashes(alone, Circle), Hashes(result, Circle));

        static IEnumerable<string?> Hashes(EvaluationResult result, string prompt) =>
            result
                .Pictures.Where(picture => picture.Failure is null && picture.Item.Prompt.Prompt == prompt)
                .Select(static picture => picture.Picture!.Stored.Sha256);
    }

    private async Task<EvaluationResult> SearchAsync(EmbeddedWorld world, IAlignmentPipeline search, string folder, params int[] budgets)
    {
        var options = new EvaluationOptions
        {
            Prompts = [new EvaluationPrompt("0", Circle) { Seeds = [0] }, new EvaluationPrompt("1", Triangle) { Seeds = [1] }],
            Matrix = new ArmMatrix
            {
                Arms = [.. budgets.Select(static budget => new EvaluationArm($"greedy {budget}") { Policy = "greedy", Budget = budget })],
            },
            Settings = new AlignmentRequest { Steps = 2, MaxBatchSize = 1 },
            Folder = Folder.File(folder),
        };
        var run = new EvaluationRun(
            options,
            _ => new EvaluationModels
            {
                Generation = world.Generation,
                Alignment = world.Pipeline,
                Search = search,
                Scorers = [world.Scorer],
                Gate = new ScoreGate(new ScoreCriterion { Scorer = world.Scorer.Name }),
                GenerationIdentity = "",
                AlignmentIdentity = "",
                DeviceKind = "test",
            }
        );
        return await run.RunAsync();
    }

    /// <summary>Fails for one prompt where the pictures would be more than a budget.</summary>
    private sealed class LimitedSearch(IAlignmentPipeline pipeline, string prompt, int budget) : IAlignmentPipeline
    {
        public Task<AlignmentResult> AlignAsync(
            AlignmentRequest request,
            IProgress<RunUpdate>? progress = null,
            CancellationToken cancellationToken = default
        ) =>
            request.Budget >= budget && request.Items.Any(item => item.Prompt == prompt)
                ? throw new ImgAlignException("too many")
                : pipeline.AlignAsync(request, progress, cancellationToken);

        public IAsyncEnumerable<RunUpdate> StreamAsync(AlignmentRequest request, CancellationToken cancellationToken = default) =>
            pipeline.StreamAsync(request, cancellationToken);

        public Task<IReadOnlyList<string>> DescribeAsync(
            IReadOnlyList<AlignmentItem> items,
            int maxNewTokens = 128,
            CancellationToken cancellationToken = default
        ) => pipeline.DescribeAsync(items, maxNewTokens, cancellationToken);

        public IReadOnlyList<MemoryEstimate> EstimateMemory(AlignmentRequest request) => pipeline.EstimateMemory(request);

        public void Dispose() { }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
