using System.Text.Json;
using ImgAlign.Imaging;
using ImgAlign.ShapeWorld;
using ImgAlign.Tests.ShapeWorld;

namespace ImgAlign.Tests.Cli;

/// <summary><c>imgalign align</c> with no model named: ShapeWorld.</summary>
public sealed class AlignShapeWorldTests : IDisposable
{
    private readonly string output = Directory.CreateTempSubdirectory().FullName;

    public AlignShapeWorldTests() => Assert.True(Directory.Exists(EmbeddedWorld.Folder.Root));

    public void Dispose() => Directory.Delete(output, recursive: true);

    [Fact]
    public async Task A_prompt_is_enough()
    {
        var run = await AlignAsync("--seed", "5");

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        var folder = Path.Combine(output, "seed-5");
        Assert.Matches(@"^picture 0 \(first\) scored by ShapeWorld's scorer: -?\d\.\d{3}$", run.Lines[0]);
        Assert.Contains("a red circle left of a blue square", run.Lines[1], StringComparison.Ordinal);
        Assert.StartsWith("picture 1 (align) answered: ", run.Lines[2], StringComparison.Ordinal);
        Assert.Matches(
            @"^picture 1 \(align\) scored by ShapeWorld's scorer: -?\d\.\d{3} before, -?\d\.\d{3} after, (not )?kept$",
            run.Lines[3]
        );
        Assert.Equal(folder, run.Lines[4]);
        Assert.Equal(new ImageSize(32, 32), ImageFile.Load(Path.Combine(folder, "before.png")).Size);
        Assert.Equal(new ImageSize(32, 32), ImageFile.Load(Path.Combine(folder, "after.png")).Size);
        Assert.Equal(new ImageSize(256 + 8 + 256, 256), ImageFile.Load(Path.Combine(folder, "side-by-side.png")).Size);
        using var record = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "record.json")));
        Assert.Equal(SamplingOptions.Default.Steps, record.RootElement.GetProperty("steps").GetInt32());
        Assert.Equal("shapeworld", record.RootElement.GetProperty("configuration").GetProperty("Pipeline:Backbone").GetString());
    }

    [Fact]
    public async Task Rounds_scale_steps_and_guidance_can_be_chosen()
    {
        var run = await AlignAsync(
            "--rounds",
            "2",
            "--no-gate",
            "--no-critique",
            "--scale",
            "0.4",
            "--steps",
            "3",
            "--guidance",
            "2.5",
            "--residency",
            "LoadOnDemand"
        );

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.Equal(2, run.Lines.Count(static line => line.EndsWith(", kept", StringComparison.Ordinal)));
        using var record = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "seed-0", "record.json")));
        Assert.Equal(
            (0.4, 3, 2.5),
            (
                record.RootElement.GetProperty("imagePromptScale").GetDouble(),
                record.RootElement.GetProperty("steps").GetInt32(),
                record.RootElement.GetProperty("guidance").GetDouble()
            )
        );
    }

    [Theory]
    [InlineData("greedy", 4)]
    [InlineData("best-of-n", 2)]
    public async Task A_search_spends_its_budget_and_shows_all_that_it_tried(string policy, int rounds)
    {
        var run = await AlignAsync("--seed", "5", "--budget", "4", "--policy", policy);

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        var folder = Path.Combine(output, "seed-5");
        using var record = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "record.json")));
        var root = record.RootElement;
        Assert.Equal(
            (policy, 4, 4),
            (root.GetProperty("policy").GetString(), root.GetProperty("budget").GetInt32(), root.GetProperty("generations").GetInt32())
        );
        var candidates = root.GetProperty("candidates").EnumerateArray().ToList();
        var scores = candidates.ConvertAll(static one => one.GetProperty("scores").GetProperty("ShapeWorld's scorer").GetDouble());
        Assert.Equal(scores.IndexOf(scores.Max()), root.GetProperty("kept").GetInt32());
        Assert.Equal(4, candidates.Sum(static one => one.GetProperty("cost").GetInt32()));
        // A row a round, of as many tiles as one has at most.
        var sheet = ImageFile.Load(Path.Combine(folder, "contact-sheet.png"));
        Assert.Equal(new ImageSize(28 + (rounds == 2 ? 3 : 1) * (208 + 28), 28 + rounds * (208 + 2 * 18 + 28)), sheet.Size);
    }

    [Theory]
    [InlineData("a red cube on a blue table", "ShapeWorld cannot draw")]
    [InlineData("a red circle left of a blue square", "which ShapeWorld cannot generate: use 32x32", "--width", "64", "--height", "64")]
    [InlineData("a red circle left of a blue square", "give --model", "--detector", "llava")]
    [InlineData("a red circle left of a blue square", "give --model", "--lora", "style.safetensors")]
    [InlineData("a red circle left of a blue square", "give --model", "--backbone", "sdxl")]
    public async Task What_the_world_cannot_do_is_refused_in_one_sentence(string prompt, string expected, params string[] options)
    {
        var run = await Tool.RunAsync(["align", prompt, "--out", output, .. options]);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(
            expected,
            Assert.Single(run.Error.Split(Environment.NewLine, StringSplitOptions.RemoveEmptyEntries)),
            StringComparison.Ordinal
        );
        Assert.Empty(Directory.EnumerateFileSystemEntries(output));
    }

    private Task<ToolRun> AlignAsync(params string[] options) =>
        Tool.RunAsync(["align", "a red circle left of a blue square", "--out", output, .. options]);
}
