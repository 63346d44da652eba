using ImgAlign.Runtime;
using ImgAlign.Scorers;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.Testing;
using ImgAlign.Testing.Reference;
using ImgAlign.Tests.ShapeWorld;

namespace ImgAlign.Tests.Scorers;

public sealed class ScorerConformanceTests
{
    [Theory]
    [InlineData(ClipScorer.DefaultName, ResidencyPolicy.KeepAll)]
    [InlineData(PickScorer.DefaultName, ResidencyPolicy.OffloadToHost)]
    [InlineData(HpsScorer.DefaultName, ResidencyPolicy.LoadOnDemand)]
    [InlineData(AestheticScorer.DefaultName, ResidencyPolicy.StreamBlocks)]
    [InlineData(ImageRewardScorer.DefaultName, ResidencyPolicy.LoadOnDemand)]
    [InlineData(ImageRewardScorer.DefaultName, ResidencyPolicy.OffloadToHost)]
    [InlineData(Hpsv3Scorer.DefaultName, ResidencyPolicy.StreamBlocks)]
    [InlineData(Hpsv3Scorer.DefaultName, ResidencyPolicy.LoadOnDemand)]
    public void Published_scorers_conform(string name, ResidencyPolicy residency)
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = 1, Residency = residency });
        using var scorer = TinyScorers.Create(name, runtime);
        Assert.Equal(name, scorer.Name);
        Assert.Empty(ScorerConformance.Check(scorer));
    }

    [Fact]
    public void ShapeWorlds_scorer_conforms()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = 1 });
        using var scorer = new WorldScorer(runtime, EmbeddedWorld.Folder);
        Assert.Empty(ScorerConformance.Check(scorer, ["a red circle left of a blue square", "a green circle"]));
    }

    [Fact]
    public void The_colour_worlds_scorer_conforms()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        using var scorer = new ColourScorer(runtime);
        Assert.Empty(ScorerConformance.Check(scorer));
    }

    [Fact]
    public void What_does_not_conform_is_said()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        using var scorer = new FaultyScorer(runtime);
        var problems = string.Join('\n', ScorerConformance.Check(scorer));
        Assert.Contains("not a finite number", problems, StringComparison.Ordinal);
        Assert.Contains("A batch does not score", problems, StringComparison.Ordinal);
        Assert.Contains("another end that is not read", problems, StringComparison.Ordinal);
    }

    // Counts its pictures, and reads the end of a prompt that it says it does not.
    private sealed class FaultyScorer(DeviceRuntime runtime) : IImageScorer
    {
        public string Name => "faulty";

        public DeviceRuntime Runtime => runtime;

        public IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts) =>
            [.. images.Select((_, place) => place == 2 ? double.NaN : images.Count + prompts[place].Length)];

        public IReadOnlyList<UnreadText> FindUnread(string prompt) =>
            prompt.Length > 100 ? [new UnreadText("text encoder", 20, prompt[^20..])] : [];

        public void Dispose() { }
    }
}
