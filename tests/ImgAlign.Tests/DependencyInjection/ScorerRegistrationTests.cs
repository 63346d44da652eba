using ImgAlign.DependencyInjection;
using ImgAlign.Scorers;
using ImgAlign.ShapeWorld;
using ImgAlign.Tests.Scorers;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ImgAlign.Tests.DependencyInjection;

/// <summary>Scorers in a container, by code and by configuration.</summary>
public class ScorerRegistrationTests
{
    private static readonly Dictionary<string, string?> Files = new()
    {
        ["ClipScore:ModelPath"] = TinyScorers.Clip,
        ["PickScore:ModelPath"] = TinyScorers.Pick,
        ["Hps:ModelPath"] = TinyScorers.HpsFile,
        ["Hps:Preprocessing"] = "OpenClip",
        ["Aesthetic:ModelPath"] = TinyScorers.Predictor,
        ["Aesthetic:ClipPath"] = TinyScorers.Clip,
        ["ImageReward:ModelPath"] = TinyScorers.ImageReward,
        ["ImageReward:VisionHeads"] = "3",
        ["Hpsv3:ModelPath"] = TinyScorers.Hpsv3,
        ["Hpsv3:BasePath"] = TinyScorers.Qwen2Vl,
    };

    [Fact]
    public async Task Scorers_of_a_configuration_score_and_a_gate_names_those_that_decide()
    {
        await using var provider = Build(
            Files,
            ("Pipeline:Gate:0:Scorer", "hps"),
            ("Pipeline:Gate:0:Margin", "0.01"),
            ("Pipeline:Gate:1:Scorer", "shapeworld"),
            ("Pipeline:GateVote", "Any")
        );
        provider.GetRequiredService<IStartupValidator>().Validate();
        var request = new AlignmentRequest(new AlignmentItem("a red circle left of a blue square")) { Steps = 2 };
        var result = await provider.GetRequiredService<IAlignmentPipeline>().AlignAsync(request);
        var scores = result.Items[0].BaseScores.Select(static score => score.Scorer);
        Assert.Equal(["ShapeWorld's scorer", "clipscore", "pickscore", "hps", "aesthetic", "imagereward", "hpsv3"], scores);
        var gate = Assert.IsType<ScoreGate>(result.Acceptance);
        Assert.Equal(["hps", "ShapeWorld's scorer"], gate.Scorers);
        Assert.Equal((GateVote.Any, 0.01), (gate.Vote, gate.Criteria[0].Margin));
    }

    [Fact]
    public void Scorers_are_chosen_by_name()
    {
        var services = new ServiceCollection();
        services
            .AddImplicitMultimodalGuidance()
            .UseShapeWorld()
            .UseClipScore(options => options.ModelPath = TinyScorers.Clip, "large")
            .UseClipScore(options => options.ModelPath = TinyScorers.Pick, "huge");
        using var provider = services.BuildServiceProvider();
        Assert.Equal("huge", provider.GetRequiredKeyedService<IImageScorer>("huge").Name);
        Assert.IsType<ClipScorer>(provider.GetRequiredKeyedService<IImageScorer>("large"));
    }

    [Theory]
    [InlineData("Hps:ModelPaths", "x", "Hps:ModelPaths is not an option; did you mean ModelPath?")]
    [InlineData("Hps:Preprocessing", "fast", "Hps:Preprocessing is 'fast', but one of Hpsv2, Hpsv2WithoutAntialias, OpenClip is needed")]
    [InlineData("Aesthetic:ClipPath", "", "ClipPath")]
    [InlineData("Pipeline:Gate:0:Scorer", "beauty", "Scorer 'beauty' is not registered; registered are: shapeworld, clipscore")]
    [InlineData("Pipeline:Gate:0:Margin", "much", "Pipeline:Gate:0:Margin is 'much', but a finite number such as 0.5 is needed")]
    public void A_wrong_configuration_is_found_when_the_host_starts(string key, string value, string expected)
    {
        using var provider = Build(Files, ("Pipeline:Gate:0:Scorer", "hps"), (key, value));
        var exception = Assert.ThrowsAny<Exception>(() => provider.GetRequiredService<IStartupValidator>().Validate());
        Assert.Contains(expected, exception.ToString(), StringComparison.Ordinal);
    }

    private static ServiceProvider Build(Dictionary<string, string?> settings, params (string Key, string? Value)[] more)
    {
        var values = new Dictionary<string, string?>(settings) { ["Threads"] = "1" };
        foreach (var (key, value) in more)
            values[key] = value;
        var inSection = values.Select(static pair => KeyValuePair.Create($"ImgAlign:{pair.Key}", pair.Value));
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(inSection).Build().GetSection("ImgAlign");
        var services = new ServiceCollection();
        services.AddImplicitMultimodalGuidance(configuration).UseShapeWorld().UseScorers(configuration);
        return services.BuildServiceProvider();
    }
}
