using ImgAlign.DependencyInjection;
using ImgAlign.Runtime;
using ImgAlign.Scorers;
using ImgAlign.ShapeWorld;
using ImgAlign.Testing.Reference;
using ImgAlign.Tests.Pipeline;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Tests.Judges;

/// <summary>A judge in a pipeline: who it is, what it decides, and which question fails.</summary>
public sealed class JudgedAlignmentTests : IDisposable
{
    private readonly DeviceRuntime runtime = new(new RuntimeOptions());

    public void Dispose() => runtime.Dispose();

    [Fact]
    public async Task An_alignment_ends_when_all_questions_pass_and_says_which_fail()
    {
        var seen = 0;
        // The first picture fails one question, the second none.
        using var judge = new TalkingJudge(runtime)
        {
            Probability = (_, text) => text.StartsWith("Is it red", StringComparison.Ordinal) && seen++ == 0 ? 0.1 : 0.9,
        };
        using var pipeline = Pipeline(judge);
        var item = ColourWorld.Request.Items[0] with { PictureQuestions = [new("Is it red?"), new("Is it there?")] };
        var request = ColourWorld.Request with { Items = [item], Budget = 5 };
        var gate = new ScoreGate(new ScoreCriterion { Scorer = "soft-tifa", SufficientAnswers = 0.5 });
        var result = (await pipeline.AlignAsync(request with { Acceptance = gate })).Items[0];
        var before = result.BaseScores.Single();
        Assert.Equal([0.1, 0.9], before.Answers.Select(static answer => answer.Probability));
        Assert.Equal(0.3, before.Value, 1e-12);
        Assert.Equal(2, result.Generations);
        Assert.True(result.Accepted);
        Assert.Contains("done at soft-tifa all answers 0.5", gate.Description, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Questions_that_are_missing_are_named_before_anything_is_computed()
    {
        using var judge = new TalkingJudge(runtime);
        using var pipeline = Pipeline(judge);
        var exception = await Assert.ThrowsAsync<InvalidRequestException>(() => pipeline.AlignAsync(ColourWorld.Request));
        Assert.Contains("no questions for the prompt", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_detector_judges_with_its_own_weights()
    {
        await using var provider = Build(static builder => builder.UseVqaScore());
        var detector = provider.GetRequiredKeyedService<IMisalignmentDetector>("shapeworld");
        var scorer = Assert.IsAssignableFrom<IJudgeScorer>(provider.GetRequiredKeyedService<IImageScorer>("vqa"));
        Assert.Same(detector, scorer.Judge);
        var request = new AlignmentRequest(new AlignmentItem("a red circle left of a blue square")) { Steps = 2 };
        var pipeline = provider.GetRequiredService<IAlignmentPipeline>();
        var stages = pipeline.EstimateMemory(request).SelectMany(static device => device.Stages).Select(static stage => stage.Name);
        Assert.Single(stages, static name => name == "LLaVA-1.5");
        var score = (await pipeline.AlignAsync(request)).Items[0].BaseScores.Single(static score => score.Scorer == "vqa");
        Assert.InRange(score.Value, 0, 1);
        Assert.Equal(
            "Does this figure show \"a red circle left of a blue square\"? Please answer yes or no.",
            score.Answers[0].Question.Text
        );
    }

    [Fact]
    public void Another_model_may_judge()
    {
        using var provider = Build(static builder =>
        {
            var settings = new Dictionary<string, string?>
            {
                ["VqaScore:Judge"] = "qwen",
                ["VqaScore:Formula"] = "GenEval2",
                ["SoftTifa:DrawQuestions"] = "true",
                ["SoftTifa:Judge"] = "qwen",
            };
            builder
                .UseQwen(options => options.ModelPath = TinyJudges.PathOf("qwen"))
                .UseScorers(new ConfigurationBuilder().AddInMemoryCollection(settings).Build());
        });
        var judge = provider.GetRequiredKeyedService<IMisalignmentDetector>("qwen");
        foreach (var name in (string[])[VqaScorer.DefaultName, SoftTifaScorer.DefaultName])
            Assert.Same(judge, ((IJudgeScorer)provider.GetRequiredKeyedService<IImageScorer>(name)).Judge);
    }

    private AlignmentPipeline Pipeline(TalkingJudge judge) =>
        new(
            new ColourBackbone(runtime),
            new ColourDetector(runtime),
            new ColourAligner(runtime),
            new AlignmentPipelineOptions { Scorers = [new SoftTifaScorer(judge)] }
        );

    private static ServiceProvider Build(Action<ImgAlignBuilder> add)
    {
        var services = new ServiceCollection();
        add(services.AddImplicitMultimodalGuidance(static options => options.Pipeline.Detector = "shapeworld").UseShapeWorld());
        return services.BuildServiceProvider();
    }
}
