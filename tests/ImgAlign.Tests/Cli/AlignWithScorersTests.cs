using System.Text.Json;
using ImgAlign.Tests.Scorers;
using ImgAlign.Tests.ShapeWorld;

namespace ImgAlign.Tests.Cli;

/// <summary><c>--scorer</c> and <c>--gate</c>, on the pictures of ShapeWorld.</summary>
public sealed class AlignWithScorersTests : IDisposable
{
    private readonly string output = Directory.CreateTempSubdirectory().FullName;

    public AlignWithScorersTests() => Assert.True(Directory.Exists(EmbeddedWorld.Folder.Root));

    public void Dispose() => Directory.Delete(output, recursive: true);

    [Theory]
    [InlineData("zimage", "zimage/Z-Image-Turbo")]
    [InlineData("sdxl", "sdxl/checkpoint")]
    public async Task Best_of_n_needs_no_detector(string backbone, string model)
    {
        var run = await Tool.RunAsync(
            "align",
            "a red cube",
            "--backbone",
            backbone,
            "--model",
            Path.Combine(TestData.Golden, model),
            "--policy",
            "best-of-n",
            "--budget",
            "3",
            "--scorer",
            $"pickscore={TinyScorers.Pick}",
            "--width",
            "64",
            "--height",
            "64",
            "--steps",
            "2",
            "--out",
            output
        );
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        using var record = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "seed-0", "record.json")));
        Assert.Equal(3, record.RootElement.GetProperty("generations").GetInt32());
    }

    [Fact]
    public async Task Select_with_one_and_report_with_others()
    {
        var run = await AlignAsync(
            "--scorer",
            $"hps={TinyScorers.Hps}",
            "--scorer",
            $"aesthetic={TinyScorers.Predictor}",
            "--scorer",
            $"pickscore={TinyScorers.Pick}",
            "--scorer-clip",
            TinyScorers.Clip,
            "--gate",
            "hps=-1",
            "--gate",
            "pickscore=-1000",
            "--gate-vote",
            "all",
            "--enough",
            "hps=2",
            "--rounds",
            "2"
        );

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.EndsWith(" after, kept", Line(run, "picture 2 (align) scored by hps: "), StringComparison.Ordinal);
        Assert.EndsWith(" after, only reported", Line(run, "picture 1 (align) scored by aesthetic: "), StringComparison.Ordinal);
        using var record = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "seed-0", "record.json")));
        var acceptance = record.RootElement.GetProperty("acceptance");
        Assert.Equal(["hps", "pickscore"], Texts(acceptance.GetProperty("decidedBy")));
        Assert.Equal(["ShapeWorld's scorer", "aesthetic"], Texts(acceptance.GetProperty("reportedBy")));
        Assert.Equal(
            "kept if better by all of hps - 1, pickscore - 1000; done at hps 2",
            acceptance.GetProperty("description").GetString()
        );
        Assert.Equal(TinyScorers.Predictor, Value("configuration"));
        Assert.StartsWith("sha256:", Value("sources"), StringComparison.Ordinal);

        string? Value(string part) => record.RootElement.GetProperty(part).GetProperty("Aesthetic:ModelPath").GetString();
    }

    [Theory]
    [InlineData(
        "--scorer is 'beauty', which is not known here; clipscore, pickscore, hps, aesthetic, imagereward, hpsv3, vqa, soft-tifa are",
        "--scorer",
        "beauty=x"
    )]
    [InlineData("--scorer hps does not say where its files are", "--scorer", "hps")]
    [InlineData("--scorer names hps more than once", "--scorer", "hps=x", "--scorer", "HPS=y")]
    [InlineData("there is no such checkpoint file", "--scorer", "hps=missing.pt")]
    [InlineData("--scorer-clip is for pickscore, hps, aesthetic", "--scorer-clip", "x")]
    [InlineData("Scorer 'hps' is not registered; registered are: shapeworld", "--gate", "hps")]
    [InlineData("--gate is 'shapeworld=much', but behind the name a finite number", "--gate", "shapeworld=much")]
    [InlineData("--enough is of hps, but shapeworld decides", "--gate", "shapeworld", "--enough", "hps=1")]
    [InlineData("--enough is of hps, but shapeworld decides", "--scorer", "hps=x", "--enough", "HPS=1")]
    [InlineData("--no-gate keeps every picture", "--no-gate", "--gate-vote", "any")]
    [InlineData("--gate-vote counts the scorers of --gate", "--gate-vote", "any")]
    [InlineData("--no-gate keeps every picture", "--gate", "shapeworld", "--no-gate")]
    public async Task What_is_wrong_is_said_in_one_sentence(string expected, params string[] options)
    {
        var run = await AlignAsync(options);
        Assert.Equal(1, run.ExitCode);
        var error = Assert.Single(run.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains(expected, error, StringComparison.Ordinal);
    }

    private Task<ToolRun> AlignAsync(params string[] options) =>
        Tool.RunAsync(["align", "a red circle left of a blue square", "--no-critique", "--steps", "2", "--out", output, .. options]);

    private static string Line(ToolRun run, string start) =>
        Assert.Single(run.Lines, line => line.StartsWith(start, StringComparison.Ordinal));

    private static IEnumerable<string?> Texts(JsonElement list) => list.EnumerateArray().Select(static text => text.GetString());
}
