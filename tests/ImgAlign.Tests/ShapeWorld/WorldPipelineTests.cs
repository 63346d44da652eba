using ImgAlign.Runtime;
using ImgAlign.ShapeWorld;
using ImgAlign.ShapeWorld.Scenes;
using ImgAlign.Testing;
using ImgAlign.Tests.Pipeline;

namespace ImgAlign.Tests.ShapeWorld;

/// <summary>The pipeline on real models, those of the embedded world: rounds, gate, cancellation, and what is left over.</summary>
public sealed class WorldPipelineTests : IDisposable
{
    private const string Scorer = "ShapeWorld's scorer";

    private readonly EmbeddedWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task A_round_has_the_world_s_own_defaults()
    {
        var result = await world.Pipeline.AlignAsync(EmbeddedWorld.Request with { DescribeCritique = true });

        var round = Assert.Single(result.Rounds);
        Assert.Contains(EmbeddedWorld.Request.Prompt, round.Question, StringComparison.Ordinal);
        Assert.NotNull(round.Critique);
        Assert.Equal([Scorer], round.Scores.Keys);
        Assert.Equal(new ImageSize(SceneRenderer.Size, SceneRenderer.Size), round.Image.Size);
        Assert.False(result.BaseImage.Pixels.SequenceEqual(round.Image.Pixels));
        Assert.Equal(SamplingOptions.Default, new SamplingOptions(result.Request.Steps!.Value, result.Request.Guidance!.Value, result.Request.ImagePromptScale!.Value));
    }

    [Fact]
    public async Task A_round_mends_what_the_readme_shows()
    {
        var scene = new Scene(new SceneObject(ShapeColor.Red, ShapeKind.Circle), new SceneObject(ShapeColor.Blue, ShapeKind.Square), IsVertical: false);

        var result = await world.Pipeline.AlignAsync(new AlignmentRequest { Prompt = $"a {scene.First} left of a {scene.Second}", Seed = 11, DescribeCritique = true });

        Assert.False(SceneEvaluator.Judge(result.BaseImage, scene).Relation);
        Assert.Equal("move the red circle left of the blue square", result.Rounds[0].Critique);
        Assert.True(SceneEvaluator.Judge(result.Image, scene).IsRight);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_pictures_and_another_one_gives_others()
    {
        var first = await world.Pipeline.AlignAsync(EmbeddedWorld.Request);
        var other = await world.Pipeline.AlignAsync(EmbeddedWorld.Request with { Seed = 4 });
        using var fresh = new EmbeddedWorld();
        var again = await fresh.Pipeline.AlignAsync(first.Request);

        Assert.Equal(Pixels(first), Pixels(again));
        Assert.False(first.BaseImage.Pixels.SequenceEqual(other.BaseImage.Pixels));
        var generated = await world.Pipeline.GenerateAsync(new GenerationRequest { Prompts = [EmbeddedWorld.Request.Prompt], Seed = 3 });
        Assert.Equal(first.BaseImage.Pixels, generated.Images[0].Pixels);
    }

    [Fact]
    public async Task Each_round_starts_from_the_picture_that_the_last_one_kept()
    {
        var request = EmbeddedWorld.Request with { Question = "What is wrong, given {prompt}?", Steps = 8 };
        var all = await world.Pipeline.AlignAsync(request with { Rounds = 3, KeepOnlyImprovements = false, StopWithoutImprovement = false });
        Assert.Equal([1, 2, 3], all.Rounds.Select(static round => round.Number));
        Assert.Same(all.Rounds[2].Image, all.Image);

        var last = await world.Pipeline.AlignAsync(request with { Image = all.Rounds[1].Image, KeepOnlyImprovements = false });
        Assert.Equal(all.Image.Pixels, last.Image.Pixels);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task The_gate_keeps_a_picture_that_the_scorer_prefers_and_no_other(long seed)
    {
        var result = await world.Pipeline.AlignAsync(EmbeddedWorld.Request with { Seed = seed, Steps = 8 });

        var (before, after) = (result.BaseScores[Scorer], result.Rounds[0].Scores[Scorer]);
        Assert.Equal(after > before, result.Accepted);
        Assert.Same(after > before ? result.Rounds[0].Image : result.BaseImage, result.Image);
        Assert.Equal([before, after], await world.Runtime.Worker.RunAsync(() => world.Scorer.Score([result.BaseImage, result.Rounds[0].Image], EmbeddedWorld.Request.Prompt)), Nearly);
    }

    [Theory]
    [InlineData(AlignmentStage.EncodePrompt, 0, 0)]
    [InlineData(AlignmentStage.Generate, 0, 7)]
    [InlineData(AlignmentStage.Detect, 1, 0)]
    [InlineData(AlignmentStage.Align, 1, 0)]
    [InlineData(AlignmentStage.Generate, 1, 1)]
    public async Task A_cancelled_run_stops_within_a_step_and_leaves_nothing(AlignmentStage stage, int round, int step)
    {
        using var cancellation = new CancelAt(stage, round, step);
        await world.Pipeline.WarmUpAsync();
        var before = LiveTensors.Count();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => world.Pipeline.AlignAsync(EmbeddedWorld.Request, cancellation, cancellation.Token));

        Assert.Equal(0, cancellation.UpdatesAfter);
        Assert.Equal(before, LiveTensors.Count());
    }

    [Theory]
    [InlineData(ResidencyPolicy.KeepAll)]
    [InlineData(ResidencyPolicy.LoadOnDemand)]
    public async Task Nothing_is_left_over_after_a_run(ResidencyPolicy policy)
    {
        using var other = new EmbeddedWorld(options => options.Residency = policy);
        await other.Pipeline.WarmUpAsync();
        var before = LiveTensors.Count();

        await other.Pipeline.AlignAsync(EmbeddedWorld.Request with { Rounds = 2, Steps = 8, PreviewInterval = 3, DescribeCritique = true, StopWithoutImprovement = false });
        await other.Pipeline.GenerateAsync(new GenerationRequest { Prompts = ["a red circle left of a blue square", "a blue cross above a red square"], Steps = 2 });

        Assert.Equal(before, LiveTensors.Count());
    }

    [Theory]
    [InlineData("a robot penguin wearing a top hat and playing a vintage trumpet under a rainbow, in the style of an old photograph, with many stars")]
    [InlineData("a red circle left of a red circle")]
    public async Task A_prompt_that_the_world_does_not_know_is_refused_before_anything_is_computed(string prompt)
    {
        var updates = new List<AlignmentUpdate>();

        var error = await Assert.ThrowsAsync<ImgAlignException>(() => world.Pipeline.AlignAsync(EmbeddedWorld.Request with { Prompt = prompt }, new Updates(updates.Add)));

        Assert.Contains("\"a red circle left of a blue square\"", error.Message, StringComparison.Ordinal);
        Assert.Empty(updates);
        Assert.Equal(error.Message, (await Assert.ThrowsAsync<ImgAlignException>(() => world.Pipeline.GenerateAsync(new GenerationRequest { Prompts = [EmbeddedWorld.Request.Prompt, prompt] }))).Message);
        Assert.Equal(error.Message, (await Assert.ThrowsAsync<ImgAlignException>(() => world.Pipeline.AlignAsync(EmbeddedWorld.Request with { NegativePrompt = prompt }))).Message);
    }

    [Fact]
    public async Task A_prompt_may_be_spelled_as_a_sentence()
    {
        var plain = await world.Pipeline.GenerateAsync(new GenerationRequest { Prompts = ["the red circle is above the blue square"], Steps = 2 });
        var sentence = await world.Pipeline.GenerateAsync(new GenerationRequest { Prompts = ["The red circle is above the blue square."], Steps = 2 });
        Assert.Equal(plain.Images[0].Pixels, sentence.Images[0].Pixels);
    }

    [Fact]
    public async Task Pictures_have_one_size()
    {
        var size = await Assert.ThrowsAsync<InvalidRequestException>(() => world.Pipeline.AlignAsync(EmbeddedWorld.Request with { Size = new ImageSize(64, 64) }));
        Assert.Equal("Size is 64x64, but ShapeWorld generates pictures of 32x32 only; leave it out.", size.Message);

        var picture = new RgbImage(64, 48, new byte[64 * 48 * 3]);
        var result = await world.Pipeline.AlignAsync(EmbeddedWorld.Request with { Image = picture, Steps = 2 });
        Assert.Equal(new ImageSize(32, 32), result.Rounds[0].Image.Size);
    }

    [Fact]
    public async Task The_backbone_conforms() => Assert.Empty(await world.Runtime.Worker.RunAsync(() => BackboneConformance.Check(world.Backbone)));

    private static byte[] Pixels(AlignmentResult result) => [.. result.BaseImage.Pixels, .. result.Rounds[0].Image.Pixels];

    private static bool Nearly(double expected, double actual) => Math.Abs(expected - actual) < 1e-5;
}
