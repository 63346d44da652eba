namespace ImgAlign.Tests.Pipeline;

public sealed class ProgressTests : IDisposable
{
    private readonly ColourWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task Stages_come_in_the_order_of_the_method()
    {
        var updates = await world.Pipeline.StreamAsync(ColourWorld.Request with { DescribeCritique = true }).ReadAsync();
        var result = Assert.IsType<RunCompleted<AlignmentResult>>(updates[^1]).Result;
        RunStage[] expected =
        [
            RunStage.EncodePrompt,
            RunStage.Generate,
            RunStage.Decode,
            RunStage.Score,
            RunStage.EncodeImage,
            RunStage.EncodeImage,
            RunStage.Detect,
            RunStage.Align,
            RunStage.Generate,
            RunStage.Decode,
            RunStage.Score,
        ];
        Assert.Equal(expected, updates.OfType<StageStarted>().Select(static update => update.Stage));
        Assert.Equal(expected, updates.OfType<StageCompleted>().Select(static update => update.Timing.Stage));
        Assert.Equal(expected, result.Report.Timings.Select(static timing => timing.Stage));
        Assert.Equal(
            Enumerable.Range(1, 6).Concat(Enumerable.Range(1, 6)),
            updates.OfType<StepCompleted>().Select(static update => update.Step)
        );
        Assert.All(updates.OfType<StepCompleted>(), static update => Assert.Equal(6, update.Steps));
        Assert.Single(Assert.IsType<RunStarted>(updates[0]).Estimates);
        Assert.Same(result.Items[0].BaseImage, updates.OfType<PictureReady>().Single().Image);
        Assert.Same(result.Items[0].Rounds()[0], updates.OfType<CandidateReady>().Single().Candidate);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 1)]
    [InlineData(2, 3)]
    public async Task Progress_only_grows_and_ends_at_1(int items, int rounds)
    {
        var request = new AlignmentRequest(
            Enumerable.Range(0, items).Select(static seed => new AlignmentItem("a red house") { Seed = seed })
        )
        {
            Rounds = rounds,
            MaxBatchSize = 2,
        };
        var updates = await world.Pipeline.StreamAsync(request).ReadAsync();
        var progress = updates.Select(static update => update.Progress).ToList();
        Assert.Equal(progress.Order(), progress);
        Assert.Equal(0, progress[0]);
        Assert.Equal(1, progress[^1]);
        Assert.True(progress.Distinct().Count() > 8);
    }

    [Fact]
    public async Task Previews_come_as_often_as_asked_for_and_one_for_each_item()
    {
        var request = new GenerationRequest(new GenerationItem("red"), new GenerationItem("blue")) { PreviewInterval = 2 };
        var previews = (await world.Generation.StreamAsync(request).ReadAsync()).OfType<PreviewReady>().ToList();
        Assert.Equal([0, 1, 0, 1, 0, 1], previews.Select(static preview => preview.Item));
        Assert.Equal(new ImageSize(32, 32), previews[^1].Image.Size);
        Assert.True(previews[^2].Image.Pixels[0] > previews[^1].Image.Pixels[0]);

        var large = new GenerationRequest(new GenerationItem("red") { Size = new ImageSize(640, 64) }) { Steps = 1, PreviewInterval = 1 };
        var small = (await world.Generation.StreamAsync(large).ReadAsync()).OfType<PreviewReady>().Single();
        Assert.Equal(new ImageSize(512, 51), small.Image.Size);
    }

    [Fact]
    public async Task A_listener_is_told_everything_too()
    {
        var completed = new TaskCompletionSource<AlignmentResult>();
        var result = await world.Pipeline.AlignAsync(ColourWorld.Request, new Listener(completed));
        Assert.Equal(result, await completed.Task.WaitAsync(TimeSpan.FromSeconds(30)));
    }

    [Fact]
    public async Task A_request_that_is_wrong_fails_before_anything_is_streamed()
    {
        var exception = await Assert.ThrowsAsync<InvalidRequestException>(() =>
            world.Pipeline.StreamAsync(ColourWorld.Request with { Steps = 0 }).ReadAsync()
        );
        Assert.StartsWith("Steps is 0", exception.Message, StringComparison.Ordinal);
        Assert.Equal("Steps", exception.Member);
    }

    [Fact]
    public async Task Leaving_a_stream_stops_the_run()
    {
        await foreach (var update in world.Pipeline.StreamAsync(ColourWorld.Request with { Steps = 1000 }))
        {
            if (update is StepCompleted { Step: 2 })
                break;
        }
        Assert.NotNull(await world.Pipeline.AlignAsync(ColourWorld.Request));
    }

    private sealed class Listener(TaskCompletionSource<AlignmentResult> completed) : IProgress<RunUpdate>
    {
        public void Report(RunUpdate value)
        {
            if (value is RunCompleted<AlignmentResult> run)
                completed.SetResult(run.Result);
        }
    }
}
