using ImgAlign.Runtime;
using ImgAlign.Testing.Reference;
using TorchSharp;

namespace ImgAlign.Tests.Pipeline;

/// <summary>Cancellation, exceptions, many callers, and what is left over after each.</summary>
public sealed class LifetimeTests : IDisposable
{
    private readonly ColourWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task A_pipeline_can_be_disposed_from_within_its_own_run()
    {
        using var world = new ColourWorld();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.Pipeline.AlignAsync(ColourWorld.Request, new Updates(_ => world.Pipeline.Dispose())));
    }

    [Fact]
    public void Scorers_have_names_of_their_own()
    {
        using var world = new ColourWorld();
        var error = Assert.Throws<ImgAlignException>(() => new AlignmentPipeline(world.Runtime, new ColourBackbone(), new ColourDetector(), new ColourAligner()) { Scorers = [new ColourScorer(), new ColourScorer()] });
        Assert.Contains("'Colour'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_left_over_after_a_run()
    {
        var before = LiveTensors.Count();
        await world.Pipeline.AlignAsync(ColourWorld.Request with { Rounds = 2, PreviewInterval = 1, DescribeCritique = true });
        await world.Pipeline.GenerateAsync(new GenerationRequest { Prompts = ["red", "blue"] });
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Theory]
    [InlineData(AlignmentStage.EncodePrompt, 0, 0)]
    [InlineData(AlignmentStage.Generate, 0, 0)]
    [InlineData(AlignmentStage.Generate, 0, 3)]
    [InlineData(AlignmentStage.EncodeImage, 1, 0)]
    [InlineData(AlignmentStage.Detect, 1, 0)]
    [InlineData(AlignmentStage.Align, 1, 0)]
    [InlineData(AlignmentStage.Generate, 1, 5)]
    [InlineData(AlignmentStage.Decode, 1, 0)]
    public async Task A_cancelled_run_stops_within_a_step_and_leaves_nothing(AlignmentStage stage, int round, int step)
    {
        using var cancellation = new CancelAt(stage, round, step);
        var before = LiveTensors.Count();
        var exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.Pipeline.AlignAsync(ColourWorld.Request, cancellation, cancellation.Token));
        Assert.Equal(cancellation.Token, exception.CancellationToken);
        Assert.Equal(before, torch.Tensor.TotalCount);
        Assert.Equal(0, cancellation.UpdatesAfter);
        Assert.NotNull(await world.Pipeline.AlignAsync(ColourWorld.Request));
    }

    [Theory]
    [InlineData(AlignmentStage.EncodePrompt, 0)]
    [InlineData(AlignmentStage.Generate, 4)]
    [InlineData(AlignmentStage.Align, 0)]
    [InlineData(AlignmentStage.Score, 0)]
    public async Task An_exception_leaves_nothing(AlignmentStage stage, int step)
    {
        var updates = new Updates(update =>
        {
            if (update.Stage == stage && update.Step == step) throw new InvalidOperationException("a progress handler's own");
        });
        var before = LiveTensors.Count();
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => world.Pipeline.AlignAsync(ColourWorld.Request, updates));
        Assert.Equal("a progress handler's own", exception.Message);
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public async Task Many_callers_are_served_one_at_a_time()
    {
        var order = new List<(long Seed, int Step)>();
        var runs = Enumerable.Range(0, 5).Select(seed => world.Pipeline.AlignAsync(
            ColourWorld.Request with { Seed = seed },
            new Updates(update => order.Add((seed, update.Step))))).ToList();
        var results = await Task.WhenAll(runs);
        Assert.Equal(order.OrderBy(entry => entry.Seed), order);
        Assert.Equal(5, results.Select(result => Convert.ToHexString(result.Image.Pixels)).Distinct().Count());
        foreach (var result in results)
        {
            var alone = await world.Pipeline.AlignAsync(result.Request);
            Assert.Equal(result.Image.Pixels, alone.Image.Pixels);
        }
    }

    [Fact]
    public async Task Disposing_cancels_what_is_running_and_waits()
    {
        using var started = new ManualResetEventSlim();
        var run = world.Pipeline.AlignAsync(ColourWorld.Request with { Steps = 1000, Rounds = 100, KeepOnlyImprovements = false, StopWithoutImprovement = false },
            new Updates(_ => started.Set()));
        started.Wait();
        world.Pipeline.Dispose();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => run);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => world.Pipeline.AlignAsync(ColourWorld.Request));
    }

    [Theory]
    [InlineData(100_000_000, ResidencyPolicy.KeepAll, "OffloadToHost needs")]
    [InlineData(200_000_000, ResidencyPolicy.KeepAll, "no Residency would fit")]
    public async Task A_run_that_cannot_fit_is_refused_before_it_starts(long stageBytes, ResidencyPolicy policy, string advice)
    {
        var options = new RuntimeOptions { Residency = policy, MemoryBudgetBytes = 150_000_000 };
        using var small = new ColourWorld(options, new ColourBackbone { ClaimedStageBytes = stageBytes });
        var updates = new Updates();
        var exception = await Assert.ThrowsAsync<ImgAlignException>(() => small.Pipeline.AlignAsync(ColourWorld.Request, updates));
        // On the CPU offloading frees nothing, so loading on demand is what would fit.
        Assert.Contains(advice.Replace("OffloadToHost", "LoadOnDemand", StringComparison.Ordinal), exception.Message, StringComparison.Ordinal);
        Assert.Contains("Colour painter", exception.Message, StringComparison.Ordinal);
        Assert.Contains("150.0 MB", exception.Message.Replace("0.2 GB", "150.0 MB", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.Empty(updates.All);
        Assert.Equal(exception.Message, (await Assert.ThrowsAsync<ImgAlignException>(() => small.Pipeline.WarmUpAsync())).Message);
    }

    [Fact]
    public async Task The_report_says_what_was_expected_and_what_was_used()
    {
        using var sized = new ColourWorld(backbone: new ColourBackbone { ClaimedStageBytes = 1000 });
        var result = await sized.Pipeline.AlignAsync(ColourWorld.Request);
        Assert.Equal(2000 + 12 * 32 * 32, result.Report.Estimate.RequiredBytes);
        Assert.True(result.Report.Estimate.AvailableBytes > 100_000_000);
        Assert.True(result.Report.PeakMemoryBytes > 1_000_000);
        Assert.Equal(result.Report.Estimate.RequiredBytes, (await sized.Pipeline.EstimateMemoryAsync()).RequiredBytes);
    }
}
