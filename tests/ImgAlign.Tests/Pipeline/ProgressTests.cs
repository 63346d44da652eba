namespace ImgAlign.Tests.Pipeline;

public sealed class ProgressTests : IDisposable
{
    private readonly ColourWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task Stages_come_in_the_order_of_the_method()
    {
        var updates = new Updates();
        var result = await world.Pipeline.AlignAsync(ColourWorld.Request with { DescribeCritique = true }, updates);
        AlignmentStage[] expected =
        [
            AlignmentStage.EncodePrompt, AlignmentStage.Generate, AlignmentStage.Decode, AlignmentStage.Score, AlignmentStage.EncodeImage,
            AlignmentStage.EncodeImage, AlignmentStage.Detect, AlignmentStage.Align, AlignmentStage.Generate, AlignmentStage.Decode, AlignmentStage.Score,
        ];
        Assert.Equal(expected, updates.All.Where(update => update.Step == 0).Select(update => update.Stage));
        Assert.Equal(expected, result.Report.Timings.Select(timing => timing.Stage));
        Assert.Equal(Enumerable.Range(1, 6).Concat(Enumerable.Range(1, 6)), updates.Steps.Select(update => update.Step));
        Assert.All(updates.Steps, update => Assert.Equal(6, update.StepCount));
        Assert.NotNull(updates.All[0].Estimate);
        Assert.Same(result.BaseImage, updates.All.Single(update => update.BaseImage is not null).BaseImage);
        Assert.Same(result.Rounds[0], updates.All.Single(update => update.CompletedRound is not null).CompletedRound);
    }

    [Fact]
    public async Task Previews_come_as_often_as_asked_for()
    {
        var updates = new Updates();
        await world.Pipeline.GenerateAsync(new GenerationRequest { Prompts = ["red"], PreviewInterval = 2 }, updates);
        Assert.Equal([false, true, false, true, false, true], updates.Steps.Select(update => update.Preview is not null));
        Assert.Equal(new ImageSize(32, 32), updates.Steps.Last().Preview!.Size);
    }

    [Fact]
    public async Task A_stream_ends_with_the_result()
    {
        var updates = new List<AlignmentUpdate>();
        await foreach (var update in world.Pipeline.StreamAsync(ColourWorld.Request)) updates.Add(update);
        Assert.NotNull(updates[^1].Result);
        Assert.Equal(12, updates.Count(update => update.Stage == AlignmentStage.Generate && update.Step > 0 && update.CompletedRound is null && update.Result is null));
    }

    [Fact]
    public async Task A_stream_hands_on_errors()
    {
        var exception = await Assert.ThrowsAsync<InvalidRequestException>(async () =>
        {
            await foreach (var _ in world.Pipeline.StreamAsync(ColourWorld.Request with { Steps = 0 })) { }
        });
        Assert.StartsWith("Steps is 0", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Leaving_a_stream_stops_the_run()
    {
        await foreach (var update in world.Pipeline.StreamAsync(ColourWorld.Request with { Steps = 1000 }))
        {
            if (update.Step == 2) break;
        }
        Assert.NotNull(await world.Pipeline.AlignAsync(ColourWorld.Request));
    }
}
