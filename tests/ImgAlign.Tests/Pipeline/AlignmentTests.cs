using ImgAlign.Runtime;

namespace ImgAlign.Tests.Pipeline;

public sealed class AlignmentTests : IDisposable
{
    private readonly ColourWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task A_round_brings_the_picture_nearer_to_the_prompt()
    {
        var result = await world.Pipeline.AlignOneAsync(ColourWorld.Request);
        var round = Assert.Single(result.Rounds());
        Assert.True(result.Accepted && round.Accepted);
        Assert.Same(round.Image, result.Image);
        Assert.True(round.Scores.Score("Colour") > result.BaseScores.Score("Colour"));
        Assert.Contains("a red house", round.Question, StringComparison.Ordinal);
        Assert.Null(round.Critique);
    }

    [Fact]
    public async Task The_same_request_gives_the_same_result_and_the_result_says_how_it_was_made()
    {
        var first = await world.Pipeline.AlignAsync(ColourWorld.Request with { Rounds = 2 });
        var again = await world.Pipeline.AlignAsync(ColourWorld.Request with { Rounds = 2, Items = [first.Items[0].Item] });
        Assert.Equal(first.Items, again.Items);
        Assert.Equal(first.Settings, again.Settings);
        Assert.Equal(
            (6, 1.2, 0.2, Samplers.Euler),
            (first.Settings.Steps, first.Settings.Guidance, first.Settings.ImagePromptScale, first.Settings.Sampler)
        );
        Assert.Equal(new ImageSize(32, 32), first.Items[0].Item.Size);
    }

    [Fact]
    public async Task Guidance_may_run_its_branches_apart_and_in_some_steps_only()
    {
        var request = new GenerationRequest(
            new GenerationItem("a red house") { Seed = 3, NegativePrompt = "green" },
            new GenerationItem("a blue house") { Seed = 4, NegativePrompt = "green" }
        )
        {
            Guidance = 3,
        };
        var whole = await Pictures(request);
        Assert.Equal(whole, await Pictures(request with { GuidanceBranches = GuidanceBranches.Apart }));
        Assert.Equal(whole, await Pictures(request with { GuidanceInterval = new(0, 1) }));
        Assert.Equal(await Pictures(request with { Guidance = 1 }), await Pictures(request with { GuidanceInterval = new(0.5, 0.5) }));
        var some = await Pictures(request with { GuidanceInterval = new(0.2, 0.7) });
        Assert.NotEqual(whole, some);
        Assert.Equal(some, await Pictures(request with { GuidanceInterval = new(0.2, 0.7), GuidanceBranches = GuidanceBranches.Apart }));

        Task<IReadOnlyList<RgbImage>> Pictures(GenerationRequest asked) => world.Generation.ImagesAsync(asked);
    }

    [Fact]
    public async Task The_base_picture_is_the_one_that_the_backbone_generates_alone()
    {
        var aligned = await world.Pipeline.AlignOneAsync(ColourWorld.Request);
        var generated = await world.Generation.ImagesAsync(
            new GenerationRequest(ColourWorld.Request.Items[0], new GenerationItem("a blue house") { Seed = 3 })
        );
        Assert.Equal(2, generated.Count);
        Assert.Equal(aligned.BaseImage, generated[0]);
    }

    [Fact]
    public async Task A_scale_of_0_ignores_the_image_prompt()
    {
        var result = await world.Pipeline.AlignOneAsync(ColourWorld.Request with { ImagePromptScale = 0, Acceptance = ScoreGate.Open });
        Assert.Equal(result.BaseImage.Pixels, result.Image.Pixels);
    }

    [Fact]
    public async Task A_negative_prompt_pushes_away()
    {
        var images = await world.Generation.ImagesAsync(
            new GenerationRequest(new GenerationItem("red"), new GenerationItem("red") { NegativePrompt = "red" }) { Guidance = 2 }
        );
        Assert.True(images[0].Pixels[0] > images[1].Pixels[0]);
    }

    [Fact]
    public async Task An_image_prompt_leads_a_plain_generation()
    {
        var white = new RgbImage(32, 32, [.. Enumerable.Repeat((byte)255, 3 * 32 * 32)]);
        var request = new GenerationRequest(new GenerationItem("red"), new GenerationItem("red") { Image = white })
        {
            ImagePromptScale = 0.5,
        };
        var images = await world.Generation.ImagesAsync(request);
        Assert.True(images[1].Pixels[1] > images[0].Pixels[1]);
        Assert.Equal(images[0], (await world.Generation.ImagesAsync(request with { ImagePromptScale = 0 }))[1]);
    }

    [Fact]
    public async Task An_existing_picture_is_aligned_without_a_first_generation()
    {
        var image = new RgbImage(40, 24, new byte[3 * 40 * 24]);
        var result = await world.Pipeline.AlignAsync(ColourWorld.Request.With(item => item with { Image = image }));
        Assert.Same(image, result.Items[0].BaseImage);
        Assert.Equal(new ImageSize(40, 24), result.Items[0].Image.Size);
        Assert.DoesNotContain(result.Report.Timings, static timing => timing is { Stage: RunStage.Generate, Round: 0 });
    }

    [Fact]
    public async Task An_existing_picture_may_have_any_size_if_the_new_one_is_given()
    {
        var image = new RgbImage(33, 21, new byte[3 * 33 * 21]);
        var result = await world.Pipeline.AlignOneAsync(
            ColourWorld.Request.With(item => item with { Image = image, Size = new ImageSize(32, 24) })
        );
        Assert.Equal(new ImageSize(32, 24), result.Image.Size);
    }

    [Fact]
    public async Task Each_round_starts_from_the_picture_that_the_last_one_kept()
    {
        var result = await world.Pipeline.AlignOneAsync(ColourWorld.Request with { Rounds = 3, ImagePromptScale = 0.5 });
        var scores = result.Rounds().Select(round => round.Scores.Score("Colour")).Prepend(result.BaseScores.Score("Colour")).ToList();
        Assert.True(scores.Count > 2);
        Assert.True(scores[1] > scores[0]);
        Assert.Equal(Enumerable.Range(1, result.Rounds().Count), result.Rounds().Select(round => round.Number));
    }

    [Fact]
    public async Task The_gate_drops_a_picture_that_scores_no_higher()
    {
        // White is what the question asks for, so the picture moves away from the prompt.
        var request = ColourWorld.Request.With(item => item with { Question = "white white white, no {prompt}" }) with
        {
            Rounds = 3,
        };
        var gated = await world.Pipeline.AlignOneAsync(request);
        Assert.False(gated.Accepted);
        Assert.Single(gated.Rounds());
        Assert.Same(gated.BaseImage, gated.Image);

        var patient = await world.Pipeline.AlignOneAsync(request with { Policy = new RoundsPolicy { StopsAtRejection = false } });
        Assert.Equal(3, patient.Rounds().Count);
        Assert.Same(patient.BaseImage, patient.Image);

        var open = await world.Pipeline.AlignOneAsync(request with { Acceptance = ScoreGate.Open });
        Assert.Equal(3, open.Rounds().Count);
        Assert.Same(open.Rounds()[2].Image, open.Image);
    }

    [Fact]
    public async Task Rounds_stop_at_a_sufficient_score()
    {
        var request = ColourWorld.Request with { Rounds = 3 };
        var enough = await world.Pipeline.AlignOneAsync(request with { Acceptance = Gate(sufficient: -100) });
        Assert.Empty(enough.Rounds());
        var first = (await world.Pipeline.AlignOneAsync(ColourWorld.Request)).Rounds()[0].Scores.Score("Colour");
        var reached = await world.Pipeline.AlignOneAsync(request with { Acceptance = Gate(sufficient: first) });
        Assert.Single(reached.Rounds());
    }

    [Fact]
    public async Task Without_a_scorer_every_round_is_kept()
    {
        using var other = new ColourWorld(withScorer: false);
        var result = await other.Pipeline.AlignOneAsync(
            ColourWorld.Request.With(item => item with { Question = "white white white, no {prompt}" }) with
            {
                Rounds = 2,
            }
        );
        Assert.All(result.Rounds(), round => Assert.True(round.Accepted));
        Assert.Empty(result.BaseScores);
    }

    [Fact]
    public async Task The_critique_is_what_the_detector_says()
    {
        var result = await world.Pipeline.AlignOneAsync(ColourWorld.Request with { DescribeCritique = true });
        var picture = new AlignmentItem("a red house") { Seed = 3, Image = result.BaseImage };
        var described = await world.Pipeline.DescribeAsync([picture, picture with { Prompt = "a blue house" }]);
        Assert.StartsWith("Make the colour #ff0000", described[0], StringComparison.Ordinal);
        Assert.StartsWith("Make the colour #0000ff", described[1], StringComparison.Ordinal);
        Assert.Equal(described[0], result.Rounds()[0].Critique);
        Assert.Equal(["Make the"], await world.Pipeline.DescribeAsync([picture with { Question = "Is it {prompt}?" }], maxNewTokens: 2));
    }

    [Fact]
    public void Parts_that_do_not_fit_are_refused()
    {
        var detector = Assert.Throws<ArgumentException>(() =>
            new AlignmentPipeline(world.Backbone, world.Detector, new OtherAligner(world.Runtime, 7, 3))
        );
        Assert.Contains("width 7, but Colour reader gives 6", detector.Message, StringComparison.Ordinal);
        var backbone = Assert.Throws<ArgumentException>(() =>
            new AlignmentPipeline(world.Backbone, world.Detector, new OtherAligner(world.Runtime, 6, 2048))
        );
        Assert.Contains("width 2048, but Colour takes 4 x 3", backbone.Message, StringComparison.Ordinal);
    }

    private static ScoreGate Gate(double? sufficient = null) => new(new ScoreCriterion { Scorer = "Colour", Sufficient = sufficient });

    private sealed class OtherAligner(DeviceRuntime runtime, int detectorWidth, int tokenWidth) : IImplicitAligner
    {
        public string Name => "other";
        public DeviceRuntime Runtime => runtime;
        public int DetectorWidth => detectorWidth;
        public int TokenWidth => tokenWidth;

        public TorchSharp.torch.Tensor Align(TorchSharp.torch.Tensor h, TorchSharp.torch.Tensor z, int passes) => z.alias();

        public void Dispose() { }
    }
}
