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
    public async Task A_pipeline_can_be_disposed_from_a_callback_of_its_own_run()
    {
        using var world = new ColourWorld();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            world.Pipeline.AlignAsync(
                ColourWorld.Request with
                {
                    Steps = 1000,
                    Rounds = 100,
                    Acceptance = ScoreGate.Open,
                },
                new Callback(_ => world.Pipeline.Dispose())
            )
        );
    }

    [Fact]
    public async Task Everything_can_be_disposed_twice_and_in_any_order()
    {
        var runtime = new DeviceRuntime(new RuntimeOptions());
        var pipeline = new GenerationPipeline(new ColourBackbone(runtime));
        await pipeline.GenerateAsync(new GenerationRequest(new GenerationItem("red")));
        await runtime.DisposeAsync();
        runtime.Dispose();
        pipeline.Dispose();
        await pipeline.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => pipeline.GenerateAsync(new GenerationRequest(new GenerationItem("red"))));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => runtime.RunAsync(static () => 1));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => runtime.ReserveAsync());
        await using var never = new DeviceRuntime(new RuntimeOptions());
    }

    [Fact]
    public async Task A_runtime_can_be_disposed_on_its_own_thread()
    {
        var runtime = new DeviceRuntime(new RuntimeOptions());
        await runtime.RunAsync(runtime.Dispose);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => runtime.RunAsync(static () => 1));
    }

    [Fact]
    public void Scorers_have_names_of_their_own()
    {
        var options = new AlignmentPipelineOptions { Scorers = [new ColourScorer(world.Runtime), new ColourScorer(world.Runtime)] };
        var error = Assert.Throws<ArgumentException>(() => new AlignmentPipeline(world.Backbone, world.Detector, world.Aligner, options));
        Assert.Contains("'Colour'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_left_over_after_a_run()
    {
        var before = LiveTensors.Count();
        await world.Pipeline.AlignAsync(ColourWorld.Request with { Rounds = 2, PreviewInterval = 1, DescribeCritique = true });
        await world.Generation.GenerateAsync(
            new GenerationRequest(new GenerationItem("red"), new GenerationItem("blue")) { PreviewInterval = 2 }
        );
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Theory]
    [InlineData("EncodeText", 1)]
    [InlineData("Condition", 1)]
    [InlineData("Predict", 1)]
    [InlineData("Predict", 4)]
    [InlineData("Decode", 1)]
    [InlineData("Encode", 1)]
    [InlineData("Detect", 1)]
    [InlineData("Align", 1)]
    [InlineData("Predict", 11)]
    public async Task A_cancelled_run_stops_within_a_step_and_leaves_nothing(string method, int call)
    {
        using var cancellation = new CancelAtCall(method, call);
        using var hooked = new ColourWorld(hook: cancellation.Hook);
        var before = LiveTensors.Count();
        var exception = await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            hooked.Pipeline.AlignAsync(ColourWorld.Request, cancellationToken: cancellation.Token)
        );
        Assert.Equal(cancellation.Token, exception.CancellationToken);
        Assert.Equal(before, torch.Tensor.TotalCount);
        Assert.InRange(cancellation.CallsAfter, 0, 1); // the step that had begun
        Assert.NotNull(await world.Pipeline.AlignAsync(ColourWorld.Request));
    }

    [Theory]
    [InlineData("EncodeText", 1)]
    [InlineData("Predict", 5)]
    [InlineData("Detect", 1)]
    [InlineData("Align", 1)]
    [InlineData("Decode", 2)]
    public async Task An_exception_of_a_model_leaves_nothing(string method, int call)
    {
        var calls = 0;
        using var hooked = new ColourWorld(hook: called =>
        {
            if (called == method && ++calls == call)
                throw new InvalidOperationException("a model's own");
        });
        var before = LiveTensors.Count();
        var exception = await Assert.ThrowsAsync<InvalidOperationException>(() => hooked.Pipeline.AlignAsync(ColourWorld.Request));
        Assert.Equal("a model's own", exception.Message);
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public async Task A_callback_can_neither_end_nor_stall_a_run()
    {
        var throwing = await world.Pipeline.AlignAsync(ColourWorld.Request, new Callback(static _ => throw new InvalidCastException()));
        using var forever = new ManualResetEventSlim();
        var stalling = await world
            .Pipeline.AlignAsync(ColourWorld.Request, new Callback(_ => forever.Wait()))
            .WaitAsync(TimeSpan.FromSeconds(60));
        forever.Set();
        Assert.Equal(throwing.Items, stalling.Items);
    }

    [Fact]
    public async Task A_callback_may_wait_for_the_same_pipeline()
    {
        var inner = new TaskCompletionSource<AlignmentResult>();
        var outer = await world.Pipeline.AlignAsync(
            ColourWorld.Request,
            new Callback(update =>
            {
                if (update is RunStarted)
                    inner.SetResult(world.Pipeline.AlignAsync(ColourWorld.Request).GetAwaiter().GetResult());
            })
        );
        Assert.Equal(outer.Items, (await inner.Task.WaitAsync(TimeSpan.FromSeconds(60))).Items);
    }

    [Fact]
    public async Task Many_callers_are_served_one_at_a_time_in_their_order()
    {
        var running = 0;
        var order = new List<int>();
        using var hooked = new ColourWorld(hook: called =>
        {
            if (called == "EncodeText")
                order.Add(Interlocked.Increment(ref running));
        });
        var requests = Enumerable.Range(0, 5).Select(seed => ColourWorld.Request.With(item => item with { Seed = seed })).ToList();
        var results = await Task.WhenAll(requests.Select(request => hooked.Pipeline.AlignOneAsync(request)));
        Assert.Equal(5, results.Select(static result => result.Image).Distinct().Count());
        for (var i = 0; i < 5; i++)
            Assert.Equal(results[i], await world.Pipeline.AlignOneAsync(requests[i]));
    }

    [Fact]
    public async Task A_full_queue_refuses_and_a_run_that_waits_can_be_cancelled()
    {
        using var started = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        using var busy = new ColourWorld(
            new RuntimeOptions { QueueLimit = 1 },
            hook: _ =>
            {
                started.Set();
                go.Wait();
            }
        );
        var first = busy.Pipeline.AlignAsync(ColourWorld.Request);
        started.Wait();
        using var cancellation = new CancellationTokenSource();
        var second = busy.Pipeline.AlignAsync(ColourWorld.Request, cancellationToken: cancellation.Token);
        Assert.Equal(1, busy.Runtime.QueueLength);
        var refused = await Assert.ThrowsAsync<DeviceBusyException>(() => busy.Pipeline.AlignAsync(ColourWorld.Request));
        Assert.Contains("QueueLimit", refused.Message, StringComparison.Ordinal);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        go.Set();
        Assert.NotNull(await first);
    }

    [Fact]
    public async Task Disposing_cancels_what_is_running_and_waits_for_its_own_runs_only()
    {
        using var started = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        using var slow = new ColourWorld(hook: _ =>
        {
            started.Set();
            go.Wait();
        });
        // Long enough that it cannot end before the cancellation, which goes by the thread pool, has reached it.
        var others = slow.Pipeline.AlignAsync(ColourWorld.Request with { Steps = 1000, Rounds = 100, Acceptance = ScoreGate.Open });
        started.Wait();
        new GenerationPipeline(slow.Backbone).Dispose();
        Assert.False(others.IsCompleted);
        var disposing = slow.Pipeline.DisposeAsync();
        go.Set();
        await disposing;
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => others);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => slow.Pipeline.AlignAsync(ColourWorld.Request));
    }

    [Theory]
    [InlineData(100_000_000, ResidencyPolicy.KeepAll, "OffloadToHost needs")]
    [InlineData(200_000_000, ResidencyPolicy.KeepAll, "no Residency would fit")]
    public async Task A_run_that_cannot_fit_is_refused_before_it_starts(long stageBytes, ResidencyPolicy policy, string advice)
    {
        var options = new RuntimeOptions { Residency = policy, MemoryBudgetBytes = 150_000_000 };
        using var small = new ColourWorld(options, stageBytes);
        var exception = await Assert.ThrowsAsync<DeviceMemoryException>(() => small.Pipeline.AlignAsync(ColourWorld.Request));
        // On the CPU offloading frees nothing, so loading on demand is what would fit.
        Assert.Contains(
            advice.Replace("OffloadToHost", "LoadOnDemand", StringComparison.Ordinal),
            exception.Message,
            StringComparison.Ordinal
        );
        Assert.Contains("Colour painter", exception.Message, StringComparison.Ordinal);
        Assert.Contains("150.0 MB", exception.Message.Replace("0.2 GB", "150.0 MB", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_batch_is_as_large_as_memory_allows()
    {
        // A picture takes 12 KB to paint here.
        using var small = new ColourWorld(new RuntimeOptions { MemoryBudgetBytes = 4 * 12 * 32 * 32 });
        var request = new GenerationRequest(Enumerable.Range(0, 10).Select(static seed => new GenerationItem("red") { Seed = seed }));
        var result = await small.Generation.GenerateAsync(request);
        Assert.Equal(4, result.Report.BatchSize);
        Assert.Equal(await world.Generation.ImagesAsync(request), result.Items.Select(static item => item.Image));
    }

    [Fact]
    public async Task The_report_says_what_was_expected_and_what_was_used()
    {
        using var sized = new ColourWorld(claimedStageBytes: 1000);
        var report = (await sized.Pipeline.AlignAsync(ColourWorld.Request)).Report;
        var device = Assert.Single(report.Devices);
        Assert.Equal(2000 + 12 * 32 * 32, device.Estimate.RequiredBytes);
        Assert.True(device.Estimate.AvailableBytes > 100_000_000);
        Assert.True(device.PeakMemoryBytes > 1_000_000);
        Assert.Equal(device.Estimate.RequiredBytes, Assert.Single(sized.Pipeline.EstimateMemory(ColourWorld.Request)).RequiredBytes);
    }

    private sealed class Callback(Action<RunUpdate> call) : IProgress<RunUpdate>
    {
        public void Report(RunUpdate value) => call(value);
    }
}
