using ImgAlign.Runtime;
using ImgAlign.Scorers;
using ImgAlign.Testing;

namespace ImgAlign.Tests.Judges;

public class JudgeConformanceTests
{
    [Theory]
    [InlineData(TinyJudges.Llava, ResidencyPolicy.KeepAll)]
    [InlineData(TinyJudges.Qwen, ResidencyPolicy.StreamBlocks)]
    [InlineData(TinyJudges.Qwen3Vl, ResidencyPolicy.OffloadToHost)]
    [InlineData(TinyJudges.World, ResidencyPolicy.LoadOnDemand)]
    public void Models_conform_as_detector_judge_and_scorer(string name, ResidencyPolicy residency)
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = 1, Residency = residency });
        using var model = TinyJudges.Create(name, runtime);
        Assert.Empty(DetectorConformance.Check(model));
        var judge = (IImageJudge)model;
        Assert.Empty(JudgeConformance.Check(judge));
        using var scorer = new ShortPromptScorer(new VqaScorer(judge));
        Assert.Empty(ScorerConformance.Check(scorer));
    }

    // ScorerConformance also reads a prompt of hundreds of words, which a scorer of ShapeWorld's MLLM refuses.
    private sealed class ShortPromptScorer(VqaScorer scorer) : IImageScorer
    {
        public string Name => scorer.Name;

        public DeviceRuntime Runtime => scorer.Runtime;

        public IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts) =>
            scorer.Score(images, [.. prompts.Select(static prompt => prompt[..Math.Min(prompt.Length, 12)])]);

        public void Dispose() => scorer.Dispose();
    }
}
