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
    public async Task What_makes_no_pairs_is_refused(string expected, params string[] options)
    {
        var run = await Tool.RunAsync(["pairs", "a red circle left of a blue square", "--out", folder.File("none"), .. options]);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(expected, Assert.Single(run.Error.TrimEnd().Split(Environment.NewLine)), StringComparison.Ordinal);
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
