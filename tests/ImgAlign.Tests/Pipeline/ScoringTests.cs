using ImgAlign.Runtime;
using ImgAlign.Testing.Reference;

namespace ImgAlign.Tests.Pipeline;

/// <summary>Several scorers of one pipeline: who decides, who reports, and what is wrong with a score.</summary>
public sealed class ScoringTests : IDisposable
{
    private static readonly AlignmentRequest Request = ColourWorld.Request with { Rounds = 2 };

    private readonly DeviceRuntime runtime = new(new RuntimeOptions());

    public void Dispose() => runtime.Dispose();

    [Fact]
    public async Task One_scorer_decides_and_another_reports()
    {
        var darkness = new GivenScorer(runtime, "darkness", static (image, _) => -image.Pixels[0]);
        using var pipeline = Pipeline(new AlignmentPipelineOptions { Scorers = [darkness, new ColourScorer(runtime)] });
        var byFirst = await pipeline.AlignAsync(Request);
        Assert.Equal(["darkness"], byFirst.Acceptance.Scorers);

        var gate = new ScoreGate(new ScoreCriterion { Scorer = "Colour" });
        var byColour = await pipeline.AlignAsync(Request with { Acceptance = gate });
        Assert.Same(gate, byColour.Acceptance);
        Assert.Equal(["darkness", "Colour"], byColour.Items[0].BaseScores.Select(static score => score.Scorer));
        Assert.NotEqual(byFirst.Items[0].Accepted, byColour.Items[0].Accepted);

        using var other = Pipeline(new AlignmentPipelineOptions { Scorers = [darkness, new ColourScorer(runtime)], Acceptance = gate });
        Assert.Equal(byColour.Items, (await other.AlignAsync(Request)).Items);
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public async Task A_score_that_is_not_finite_is_an_error(double score)
    {
        using var pipeline = Pipeline(new AlignmentPipelineOptions { Scorers = [new GivenScorer(runtime, "broken", (_, _) => score)] });
        var exception = await Assert.ThrowsAsync<ImgAlignException>(() => pipeline.AlignAsync(Request));
        Assert.Contains("The scorer broken gave", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_decides_must_be_there()
    {
        var options = new AlignmentPipelineOptions { Acceptance = new ScoreGate(new ScoreCriterion { Scorer = "beauty" }) };
        Assert.Contains("'beauty'", Assert.Throws<ArgumentException>(() => Pipeline(options)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_scorers_do_not_read_of_a_prompt_is_quoted_once()
    {
        using var pipeline = Pipeline(
            new AlignmentPipelineOptions
            {
                Scorers = [new GivenScorer(runtime, "one", static (_, _) => 0), new GivenScorer(runtime, "two", static (_, _) => 0)],
            }
        );
        var warnings = (await pipeline.AlignAsync(Request)).Items[0].Warnings;
        Assert.Equal(
            "The scorer one and two's text encoder reads 2 tokens and does not read the end of the prompt: \"house\"; "
                + "shorten it, or say first what matters most.",
            Assert.Single(warnings)
        );
    }

    private AlignmentPipeline Pipeline(AlignmentPipelineOptions options) =>
        new(new ColourBackbone(runtime), new ColourDetector(runtime), new ColourAligner(runtime), options);

    private sealed class GivenScorer(DeviceRuntime runtime, string name, Func<RgbImage, string, double> score) : IImageScorer
    {
        public string Name => name;

        public DeviceRuntime Runtime => runtime;

        public IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts) =>
            [.. images.Zip(prompts, score)];

        public IReadOnlyList<UnreadText> FindUnread(string prompt) => [new UnreadText("text encoder", 2, prompt.Split(' ')[^1])];

        public void Dispose() { }
    }
}
