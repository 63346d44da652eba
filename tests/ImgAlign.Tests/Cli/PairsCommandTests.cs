using ImgAlign.Imaging;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Training.Data;

namespace ImgAlign.Tests.Cli;

/// <summary><c>imgalign pairs</c>, on ShapeWorld.</summary>
public sealed class PairsCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Prompts_become_pairs_and_an_interrupted_run_goes_on_to_the_same()
    {
        var run = await PairsAsync();
        Assert.Equal(1, run.ExitCode); // one prompt cannot be drawn, which the others do not suffer from
        Assert.Contains("1 of 3 failed", run.Error, StringComparison.Ordinal);
        Assert.Contains("a red cube", File.ReadAllText(folder.File("out/pairs-failures.jsonl")), StringComparison.Ordinal);
        var written = File.ReadAllText(folder.File("out/pairs.jsonl"));
        var pairs = PreferenceFolder.Read(folder.File("out"));
        Assert.NotEmpty(pairs);
        foreach (var pair in pairs)
        {
            Assert.True(Assert.Single(pair.Margins!).Value > 0);
            Assert.NotEqual(File.ReadAllBytes(pair.Preferred), File.ReadAllBytes(pair.Rejected));
        }
        Assert.Equal(2, pairs.Select(static pair => pair.Preferred).Distinct().Count()); // the best of each prompt

        // Each picture is one of generate by itself.
        var repeated = await Tool.RunAsync("generate", "--from", pairs[0].Rejected, "--out", folder.File("repeated"));
        Assert.Equal((0, ""), (repeated.ExitCode, repeated.ExitCode == 0 ? "" : repeated.Error));
        Assert.Equal(ImageFile.Load(pairs[0].Rejected), ImageFile.Load(Directory.GetFiles(folder.File("repeated"), "*.png").Single()));

        // As after kill -9: a prompt is missing, what it had begun with lies about, and the list is not there.
        Directory.Move(folder.File("out/0003-seed-0"), folder.File("out/.0003-seed-0-1.part"));
        File.Delete(folder.File("out/pairs.jsonl"));
        var again = await PairsAsync();
        Assert.Contains("1 of 3 are done already", again.Error, StringComparison.Ordinal);
        Assert.Equal(written, File.ReadAllText(folder.File("out/pairs.jsonl")));
    }

    [Fact]
    public async Task What_is_not_better_by_the_margin_makes_no_pair()
    {
        var run = await Tool.RunAsync(
            "pairs",
            "a red circle left of a blue square",
            "--pictures",
            "2",
            "--steps",
            "1",
            "--gate",
            "shapeworld=100",
            "--out",
            folder.File("one")
        );
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.Empty(PreferenceFolder.Read(folder.File("one")));
        Assert.Contains("0 pairs in ", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--pictures is 1; use 2 to 100", "--pictures", "1")]
    [InlineData("There is no scorer to judge pictures by", "--model", "sdxl")]
    [InlineData("Llava:ModelPath is not set: give --judge", "--model", "sdxl", "--scorer", "vqa")]
    [InlineData("--enough is not an option of pairs", "--enough", "shapeworld=1")]
    [InlineData("--enough-answers is not an option of pairs", "--enough-answers", "vqa=0.5")]
    [InlineData("--scale is not an option of pairs", "--scale", "0.5")]
    [InlineData("--preview is not an option of pairs", "--preview", "previews")]
    public async Task What_makes_no_pairs_is_refused(string expected, params string[] options)
    {
        var run = await Tool.RunAsync(["pairs", "a red circle left of a blue square", "--out", folder.File("none"), .. options]);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(expected, Assert.Single(run.Error.TrimEnd().Split(Environment.NewLine)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_question_to_the_detector_is_refused()
    {
        var prompts = folder.Write("prompts.jsonl", """{"prompt": "a red circle left of a blue square", "question": "Is it so?"}""");
        var run = await Tool.RunAsync("pairs", "--prompts", prompts, "--out", folder.File("asked"));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("has a question to the detector, which pairs does not ask", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_model_judges_the_pictures_of_a_published_one_and_captions_are_plain_text()
    {
        var questions = folder.Write("questions.txt", "Is there a house?\n");
        // A score that suffices for an alignment ends no prompt here.
        const string Gate = """{"ImgAlign": {"Pipeline": {"Gate": [{"Scorer": "vqa", "Sufficient": -1}]}}}""";
        string[] judging =
        [
            "--config",
            folder.Write("gate.json", Gate),
            "--scorer",
            "vqa",
            "--scorer",
            "soft-tifa",
            "--question-file",
            questions,
        ];
        var run = await Tool.RunAsync([
            "pairs",
            "a (red:1.3) house",
            "--prompt-weights",
            "--model",
            Path.Combine(TestData.Golden, "sdxl", "checkpoint"),
            "--judge",
            $"qwen3vl={Path.Combine(TestData.Golden, "qwen3vl", "qwen3vl")}",
            .. judging,
            .. new[] { "--pictures", "2", "--steps", "1", "--width", "64", "--height", "64", "--out", folder.File("judged") },
        ]);
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.Equal("a red house", Assert.Single(PreferenceFolder.Read(folder.File("judged"))).Caption);
    }

    private Task<ToolRun> PairsAsync()
    {
        var prompts = folder.Write(
            "prompts.txt",
            "a red circle left of a blue square\na red cube\nthe yellow square is below the black circle\n"
        );
        return Tool.RunAsync("pairs", "--prompts", prompts, "--pictures", "3", "--steps", "2", "--out", folder.File("out"));
    }
}
