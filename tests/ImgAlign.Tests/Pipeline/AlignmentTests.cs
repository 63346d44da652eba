using ImgAlign.Testing.Reference;

namespace ImgAlign.Tests.Pipeline;

public sealed class AlignmentTests : IDisposable
{
    private readonly ColourWorld world = new();

    public void Dispose() => world.Dispose();

    [Fact]
    public async Task A_round_brings_the_picture_nearer_to_the_prompt()
    {
        var result = await world.Pipeline.AlignAsync(ColourWorld.Request);
        var round = Assert.Single(result.Rounds);
        Assert.True(result.Accepted && round.Accepted);
        Assert.Same(round.Image, result.Image);
        Assert.True(round.Scores["Colour"] > result.BaseScores["Colour"]);
        Assert.Contains("a red house", round.Question, StringComparison.Ordinal);
        Assert.Null(round.Critique);
    }

    [Fact]
    public async Task The_same_request_gives_the_same_pictures_and_the_result_says_which_request_that_was()
    {
        var first = await world.Pipeline.AlignAsync(ColourWorld.Request with { Rounds = 2 });
        var again = await world.Pipeline.AlignAsync(first.Request);
        Assert.Equal(first.Image.Pixels, again.Image.Pixels);
        Assert.Equal(first.Rounds.Select(round => round.Question), again.Rounds.Select(round => round.Question));
        Assert.Equal((6, 1.2, new ImageSize(32, 32), 0.2), (first.Request.Steps, first.Request.Guidance, first.Request.Size, first.Request.ImagePromptScale));
    }

    [Fact]
    public async Task Guidance_may_run_its_branches_apart_and_in_some_steps_only()
    {
        var request = new GenerationRequest { Prompts = ["a red house", "a blue house"], Seed = 3, Guidance = 3, NegativePrompt = "green" };
        var whole = await Pictures(request);
        Assert.Equal(whole, await Pictures(request with { GuidanceBranches = GuidanceBranches.Apart }));
        Assert.Equal(whole, await Pictures(request with { GuidanceInterval = new(0, 1) }));
        Assert.Equal(await Pictures(request with { Guidance = 1 }), await Pictures(request with { GuidanceInterval = new(0.5, 0.5) }));
        var some = await Pictures(request with { GuidanceInterval = new(0.2, 0.7) });
        Assert.NotEqual(whole, some);
        Assert.Equal(some, await Pictures(request with { GuidanceInterval = new(0.2, 0.7), GuidanceBranches = GuidanceBranches.Apart }));

        async Task<byte[]> Pictures(GenerationRequest asked) => [.. (await world.Pipeline.GenerateAsync(asked)).Images.SelectMany(image => image.Pixels.ToArray())];
    }

    [Fact]
    public async Task The_base_picture_is_the_one_that_the_backbone_generates_alone()
    {
        var aligned = await world.Pipeline.AlignAsync(ColourWorld.Request);
        var generated = await world.Pipeline.GenerateAsync(new GenerationRequest { Prompts = ["a red house", "a blue house"], Seed = 3 });
        Assert.Equal(2, generated.Images.Count);
        Assert.Equal(aligned.BaseImage.Pixels, generated.Images[0].Pixels);
    }

    [Fact]
    public async Task A_scale_of_0_ignores_the_image_prompt()
    {
        var result = await world.Pipeline.AlignAsync(ColourWorld.Request with { ImagePromptScale = 0, KeepOnlyImprovements = false });
        Assert.Equal(result.BaseImage.Pixels, result.Image.Pixels);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(99)]
    public async Task Guidance_starts_where_the_family_says(int startStep)
    {
        using var other = new ColourWorld(backbone: new ColourBackbone(guidanceStartStep: startStep));
        var guided = await other.Pipeline.GenerateAsync(new GenerationRequest { Prompts = ["red"], Guidance = 3 });
        var plain = await other.Pipeline.GenerateAsync(new GenerationRequest { Prompts = ["red"], Guidance = 1 });
        Assert.Equal(startStep > 6, guided.Images[0].Pixels.SequenceEqual(plain.Images[0].Pixels));
    }

    [Fact]
    public async Task A_negative_prompt_pushes_away()
    {
        var plain = await world.Pipeline.GenerateAsync(new GenerationRequest { Prompts = ["red"], Guidance = 2 });
        var pushed = await world.Pipeline.GenerateAsync(new GenerationRequest { Prompts = ["red"], Guidance = 2, NegativePrompt = "red" });
        Assert.True(plain.Images[0].Pixels[0] > pushed.Images[0].Pixels[0]);
    }

    [Fact]
    public async Task An_existing_picture_is_aligned_without_a_first_generation()
    {
        var image = new RgbImage(40, 24, new byte[3 * 40 * 24]);
        var updates = new Updates();
        var result = await world.Pipeline.AlignAsync(ColourWorld.Request with { Image = image, Steps = 4 }, updates);
        Assert.Same(image, result.BaseImage);
        Assert.Equal(new ImageSize(40, 24), result.Image.Size);
        Assert.Equal(4, updates.Steps.Count());
        Assert.DoesNotContain(result.Report.Timings, timing => timing is { Stage: AlignmentStage.Generate, Round: 0 });
    }

    [Fact]
    public async Task An_existing_picture_may_have_any_size_if_the_new_one_is_given()
    {
        var image = new RgbImage(33, 21, new byte[3 * 33 * 21]);
        var result = await world.Pipeline.AlignAsync(ColourWorld.Request with { Image = image, Size = new ImageSize(32, 24) });
        Assert.Equal(new ImageSize(32, 24), result.Image.Size);
    }

    [Fact]
    public async Task Each_round_starts_from_the_picture_that_the_last_one_kept()
    {
        var result = await world.Pipeline.AlignAsync(ColourWorld.Request with { Rounds = 3, ImagePromptScale = 0.5 });
        var scores = result.Rounds.Select(round => round.Scores["Colour"]).Prepend(result.BaseScores["Colour"]).ToList();
        Assert.True(scores.Count > 2);
        Assert.True(scores[1] > scores[0]);
        Assert.Equal(Enumerable.Range(1, result.Rounds.Count), result.Rounds.Select(round => round.Number));
    }

    [Fact]
    public async Task The_gate_drops_a_picture_that_scores_no_higher()
    {
        // White is what the question asks for, so the picture moves away from the prompt.
        var request = ColourWorld.Request with { Question = "white white white, no {prompt}", Rounds = 3 };
        var gated = await world.Pipeline.AlignAsync(request);
        Assert.False(gated.Accepted);
        Assert.Single(gated.Rounds);
        Assert.Same(gated.BaseImage, gated.Image);

        var patient = await world.Pipeline.AlignAsync(request with { StopWithoutImprovement = false });
        Assert.Equal(3, patient.Rounds.Count);
        Assert.Same(patient.BaseImage, patient.Image);

        var open = await world.Pipeline.AlignAsync(request with { KeepOnlyImprovements = false, StopWithoutImprovement = false });
        Assert.Equal(3, open.Rounds.Count);
        Assert.Same(open.Rounds[2].Image, open.Image);
    }

    [Fact]
    public async Task Rounds_stop_at_a_sufficient_score()
    {
        var enough = await world.Pipeline.AlignAsync(ColourWorld.Request with { Rounds = 3, SufficientScore = -100 });
        Assert.Empty(enough.Rounds);
        var first = (await world.Pipeline.AlignAsync(ColourWorld.Request)).Rounds[0].Scores["Colour"];
        Assert.Single((await world.Pipeline.AlignAsync(ColourWorld.Request with { Rounds = 3, SufficientScore = first })).Rounds);
    }

    [Fact]
    public async Task Without_a_scorer_every_round_is_kept()
    {
        using var other = new ColourWorld(withScorer: false);
        var result = await other.Pipeline.AlignAsync(ColourWorld.Request with { Question = "white white white, no {prompt}", Rounds = 2 });
        Assert.All(result.Rounds, round => Assert.True(round.Accepted));
        Assert.Empty(result.BaseScores);
    }

    [Fact]
    public async Task The_critique_is_what_the_detector_says()
    {
        var result = await world.Pipeline.AlignAsync(ColourWorld.Request with { DescribeCritique = true });
        var described = await world.Pipeline.DescribeAsync(result.BaseImage, "a red house", seed: 3);
        Assert.StartsWith("Make the colour #ff0000", described, StringComparison.Ordinal);
        Assert.Equal(described, result.Rounds[0].Critique);
        Assert.Equal("Make the", await world.Pipeline.DescribeAsync(result.BaseImage, "red", "Is it {prompt}?", maxNewTokens: 2));
    }

    [Fact]
    public void Parts_that_do_not_fit_are_refused()
    {
        var detector = Assert.Throws<ImgAlignException>(() => new AlignmentPipeline(world.Runtime, new ColourBackbone(), new ColourDetector(), new OtherAligner(7, 3)));
        Assert.Contains("width 7, but Colour reader gives 6", detector.Message, StringComparison.Ordinal);
        var backbone = Assert.Throws<ImgAlignException>(() => new AlignmentPipeline(world.Runtime, new ColourBackbone(), new ColourDetector(), new OtherAligner(6, 2048)));
        Assert.Contains("width 2048, but Colour takes 4 x 3", backbone.Message, StringComparison.Ordinal);
    }

    private sealed class OtherAligner(int detectorWidth, int tokenWidth) : IImplicitAligner
    {
        public int DetectorWidth => detectorWidth;
        public int TokenWidth => tokenWidth;
        public TorchSharp.torch.Tensor Align(TorchSharp.torch.Tensor h, TorchSharp.torch.Tensor z, int passes) => z.alias();
        public void Dispose() { }
    }
}
