using ImgAlign.Alignment;
using ImgAlign.Detectors;
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
    private const int MostRounding = 2; // of 255

    private readonly EmbeddedWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task A_round_has_the_world_s_own_defaults()
    {
        var whole = await world.Pipeline.AlignAsync(EmbeddedWorld.Request with { DescribeCritique = true });

        var result = Assert.Single(whole.Items);
        var round = Assert.Single(result.Rounds());
        Assert.Contains(EmbeddedWorld.Request.Items[0].Prompt, round.Question, StringComparison.Ordinal);
        Assert.NotNull(round.Critique);
        Assert.Equal([Scorer], round.Scores.Select(static score => score.Scorer));
        Assert.Equal(new ImageSize(SceneRenderer.Size, SceneRenderer.Size), round.Image.Size);
        Assert.NotEqual(result.BaseImage, round.Image);
        Assert.Equal(
            SamplingOptions.Default,
            new SamplingOptions(whole.Settings.Steps, whole.Settings.Guidance, whole.Settings.ImagePromptScale)
        );
    }

    [Fact]
    public async Task A_round_mends_what_the_readme_shows()
    {
        var scene = new Scene(
            new SceneObject(ShapeColor.Red, ShapeKind.Circle),
            new SceneObject(ShapeColor.Blue, ShapeKind.Square),
            IsVertical: false
        );

        var result = await world.Pipeline.AlignOneAsync(
            new AlignmentRequest(new AlignmentItem($"a {scene.First} left of a {scene.Second}") { Seed = 17 }) { DescribeCritique = true }
        );

        Assert.False(SceneEvaluator.Judge(result.BaseImage, scene).Relation);
        Assert.Equal("move the red circle left of the blue square", result.Rounds()[0].Critique);
        Assert.True(SceneEvaluator.Judge(result.Image, scene).IsRight);
    }

    [Fact]
    public async Task The_same_seed_gives_the_same_pictures_and_another_one_gives_others()
    {
        var first = await world.Pipeline.AlignOneAsync(EmbeddedWorld.Request);
        var other = await world.Pipeline.AlignOneAsync(EmbeddedWorld.Request.With(static item => item with { Seed = 4 }));
        using var fresh = new EmbeddedWorld();

        Assert.Equal(first, await fresh.Pipeline.AlignOneAsync(EmbeddedWorld.Request.With(_ => first.Item)));
        Assert.NotEqual(first.BaseImage, other.BaseImage);
        Assert.Equal(
            first.BaseImage,
            Assert.Single(await world.Generation.ImagesAsync(new GenerationRequest(EmbeddedWorld.Request.Items[0])))
        );
    }

    [Fact]
    public async Task Each_round_starts_from_the_picture_that_the_last_one_kept()
    {
        var request = EmbeddedWorld.Request.With(static item => item with { Question = "What is wrong, given {prompt}?" }) with
        {
            Steps = 8,
        };
        var all = await world.Pipeline.AlignOneAsync(request with { Rounds = 3, Acceptance = ScoreGate.Open });
        Assert.Equal([1, 2, 3], all.Rounds().Select(static round => round.Number));
        Assert.Same(all.Rounds()[2].Image, all.Image);

        var last = await world.Pipeline.AlignOneAsync(
            request.With(item => item with { Image = all.Rounds()[1].Image }) with
            {
                Acceptance = ScoreGate.Open,
            }
        );
        Assert.Equal(all.Image, last.Image);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public async Task The_gate_keeps_a_picture_that_the_scorer_prefers_and_no_other(long seed)
    {
        var result = await world.Pipeline.AlignOneAsync(EmbeddedWorld.Request.With(item => item with { Seed = seed }) with { Steps = 8 });

        var (before, after) = (result.BaseScores.Score(Scorer), result.Rounds()[0].Scores.Score(Scorer));
        Assert.Equal(after > before, result.Accepted);
        Assert.Same(after > before ? result.Rounds()[0].Image : result.BaseImage, result.Image);
        Assert.Equal(
            [before, after],
            await world.Runtime.RunAsync(() =>
                world.Scorer.Score(
                    [result.BaseImage, result.Rounds()[0].Image],
                    [EmbeddedWorld.Request.Items[0].Prompt, EmbeddedWorld.Request.Items[0].Prompt]
                )
            ),
            Nearly
        );
    }

    [Theory]
    [InlineData("EncodeText", 1)]
    [InlineData("Predict", 7)]
    [InlineData("Detect", 1)]
    [InlineData("Align", 1)]
    [InlineData("Predict", 13)]
    public async Task A_cancelled_run_stops_within_a_step_and_leaves_nothing(string method, int call)
    {
        using var cancellation = new CancelAtCall(method, call);
        await world.Runtime.WarmUpAsync();
        using var detector = new LlavaDetector(world.Runtime, EmbeddedWorld.Folder.DetectorOptions());
        using var aligner = new ImplicitAligner(world.Runtime, EmbeddedWorld.Folder.Aligner);
        using var pipeline = new AlignmentPipeline(
            new HookedBackbone(world.Backbone, cancellation.Hook),
            new HookedDetector(detector, cancellation.Hook),
            new HookedAligner(aligner, cancellation.Hook)
        );
        await world.Runtime.WarmUpAsync();
        var before = LiveTensors.Count();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() =>
            pipeline.AlignAsync(EmbeddedWorld.Request, cancellationToken: cancellation.Token)
        );

        Assert.Equal(0, cancellation.CallsAfter);
        Assert.Equal(before, LiveTensors.Count());
    }

    [Fact]
    public async Task Items_of_a_batch_are_what_they_would_be_alone_and_share_what_they_can()
    {
        string[] prompts =
        [
            "a red circle left of a blue square",
            "a green triangle above a purple cross",
            "a red circle left of a blue square",
        ];
        var items = prompts.Select(static (prompt, seed) => new AlignmentItem(prompt) { Seed = seed }).ToList();
        var together = await world.Pipeline.AlignAsync(new AlignmentRequest(items));
        for (var i = 0; i < items.Count; i++)
        {
            var alone = await world.Pipeline.AlignOneAsync(new AlignmentRequest(items[i]));
            Assert.InRange(Distance(alone.BaseImage, together.Items[i].BaseImage), 0, MostRounding);
            Assert.InRange(Distance(alone.Rounds()[0].Image, together.Items[i].Rounds()[0].Image), 0, MostRounding);
            Assert.Equal(alone.Rounds()[0].Question, together.Items[i].Rounds()[0].Question);
        }
    }

    [Fact]
    public async Task Samplers_converge_to_the_same_picture()
    {
        var request = new GenerationRequest(new GenerationItem("a red circle left of a blue square") { Seed = 2 })
        {
            NoiseLevels = new() { TimestepSpacing = TimestepSpacing.Trailing }, // all begin at the same level
        };
        async Task<RgbImage> Generate(ISampler sampler, int steps) =>
            Assert.Single(await world.Generation.ImagesAsync(request with { Sampler = sampler, Steps = steps }));
        double few = MeanDistance(await Generate(Samplers.Euler, 8), await Generate(Samplers.DpmSolver2M, 8));
        double many = MeanDistance(await Generate(Samplers.Euler, 80), await Generate(Samplers.DpmSolver2M, 80));
        Assert.True(many < few / 4, $"{many} with many steps, {few} with few");
    }

    [Theory]
    [InlineData(ResidencyPolicy.KeepAll)]
    [InlineData(ResidencyPolicy.LoadOnDemand)]
    public async Task Nothing_is_left_over_after_a_run(ResidencyPolicy policy)
    {
        using var other = new EmbeddedWorld(options => options.Residency = policy);
        _ = (other.Pipeline, other.Generation); // made on first use
        await other.Runtime.WarmUpAsync();
        var before = LiveTensors.Count();

        await other.Pipeline.AlignAsync(
            EmbeddedWorld.Request with
            {
                Rounds = 2,
                Steps = 8,
                PreviewInterval = 3,
                DescribeCritique = true,
                Acceptance = ScoreGate.Open,
            }
        );
        await other.Generation.GenerateAsync(
            new GenerationRequest(
                new GenerationItem("a red circle left of a blue square"),
                new GenerationItem("a blue cross above a red square")
            )
            {
                Steps = 2,
            }
        );

        Assert.Equal(before, LiveTensors.Count());
    }

    [Theory]
    [InlineData(
        "a robot penguin wearing a top hat and playing a vintage trumpet under a rainbow, in the style of an old photograph, "
            + "with many stars"
    )]
    [InlineData("a red circle left of a red circle")]
    public async Task A_prompt_that_the_world_does_not_know_is_refused_before_anything_is_computed(string prompt)
    {
        var error = await Assert.ThrowsAsync<InvalidRequestException>(() =>
            world.Pipeline.AlignAsync(EmbeddedWorld.Request.With(item => item with { Prompt = prompt }))
        );

        Assert.Contains("\"a red circle left of a blue square\"", error.Message, StringComparison.Ordinal);
        var generation = new GenerationRequest(EmbeddedWorld.Request.Items[0], new GenerationItem(prompt));
        Assert.Equal(
            error.Message,
            (await Assert.ThrowsAsync<InvalidRequestException>(() => world.Generation.GenerateAsync(generation))).Message
        );
        Assert.Equal(
            error.Message,
            (
                await Assert.ThrowsAsync<InvalidRequestException>(() =>
                    world.Pipeline.AlignAsync(EmbeddedWorld.Request.With(item => item with { NegativePrompt = prompt }))
                )
            ).Message
        );
    }

    [Fact]
    public async Task A_prompt_may_be_spelled_as_a_sentence()
    {
        var images = await world.Generation.ImagesAsync(
            new GenerationRequest(
                new GenerationItem("the red circle is above the blue square"),
                new GenerationItem("The red circle is above the blue square.")
            )
            {
                Steps = 2,
            }
        );
        Assert.Equal(images[0], images[1]);
    }

    [Fact]
    public async Task Pictures_have_one_size()
    {
        var size = await Assert.ThrowsAsync<InvalidRequestException>(() =>
            world.Pipeline.AlignAsync(EmbeddedWorld.Request.With(static item => item with { Size = new ImageSize(64, 64) }))
        );
        Assert.Equal("Size is 64x64, which ShapeWorld cannot generate: use 32x32.", size.Message);

        var picture = EmbeddedWorld.Request.With(static item => item with { Image = new RgbImage(64, 48, new byte[64 * 48 * 3]) }) with
        {
            Steps = 2,
        };
        Assert.Equal(new ImageSize(32, 32), (await world.Pipeline.AlignOneAsync(picture)).Rounds()[0].Image.Size);
    }

    [Fact]
    public void The_backbone_conforms() =>
        Assert.Empty(
            BackboneConformance.Check(
                world.Backbone,
                prompts: ["a red circle left of a blue square", "a green triangle above a purple cross"]
            )
        );

    private static int Distance(RgbImage a, RgbImage b) =>
        a.Pixels.ToArray().Zip(b.Pixels.ToArray(), static (x, y) => Math.Abs(x - y)).Max();

    private static double MeanDistance(RgbImage a, RgbImage b) =>
        a.Pixels.ToArray().Zip(b.Pixels.ToArray(), static (x, y) => Math.Abs(x - y)).Average();

    private static bool Nearly(double expected, double actual) => Math.Abs(expected - actual) < 1e-5;
}
