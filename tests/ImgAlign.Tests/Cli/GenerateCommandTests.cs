using System.Text.Json;
using ImgAlign.Imaging;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tests.ShapeWorld;

namespace ImgAlign.Tests.Cli;

/// <summary><c>imgalign generate</c>, and files of prompts for it and <c>align</c>.</summary>
public sealed class GenerateCommandTests : IDisposable
{
    private const string First = "a red circle left of a blue square";
    private const string Second = "a green triangle above a purple cross";
    private const string Undrawable = "a red cube on a blue table";

    private readonly TemporaryFolder folder = new();

    public GenerateCommandTests() => Assert.True(Directory.Exists(EmbeddedWorld.Folder.Root));

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Each_seed_gives_a_picture_and_its_record()
    {
        var run = await RunAsync("generate", First, "--seed", "1", "2", "--sampler", "dpmpp-2m", "--guidance", "2.5", "--batch-size", "1");

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.Equal([Output("seed-1.png"), Output("seed-2.png")], run.Lines);
        Assert.Equal(["seed-1.json", "seed-1.png", "seed-2.json", "seed-2.png"], Entries());
        Assert.Equal(new ImageSize(32, 32), ImageFile.Load(Output("seed-1.png")).Size);
        using var record = JsonDocument.Parse(File.ReadAllText(Output("seed-2.json")));
        Assert.Equal((First, "dpmpp-2m"), (Text(record, "prompt"), Text(record, "sampler")));
        Assert.Equal([2, 2, 2.5, 1], new[] { "seed", "steps", "guidance", "batchSize" }.Select(name => Number(record, name)));
    }

    [Fact]
    public async Task A_diffusion_model_alone_is_enough()
    {
        var model = Path.Combine(TestData.Golden, "sdxl", "checkpoint");
        var run = await RunAsync("generate", First, "--model", model, "--width", "64", "--height", "64");
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.Equal(new ImageSize(64, 64), ImageFile.Load(Output("seed-0.png")).Size);
    }

    [Fact]
    public async Task A_tiny_decoder_gives_a_quick_look_and_previews_of_every_step()
    {
        var config = Path.Combine(TestData.Golden, "..", "..", "samples", "tiny.json");
        var previews = folder.File("previews");
        string[] asked = ["generate", "a red cube", "--config", config, "--width", "64", "--height", "64", "--seed", "5"];
        var run = await RunAsync([.. asked, "--decoder", "tiny", "--preview", previews]);
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        string[] expected = ["0001-round-0-step-1.png", "0002-round-0-step-2.png"];
        Assert.Equal(expected, Directory.GetFiles(Path.Combine(previews, "seed-5")).Select(Path.GetFileName).Order());
        var quick = ImageFile.Load(Output("seed-5.png"));
        Assert.Equal(0, (await RunAsync([.. asked, "--overwrite"])).ExitCode);
        Assert.NotEqual(quick.Pixels.ToArray(), ImageFile.Load(Output("seed-5.png")).Pixels.ToArray());
    }

    [Fact]
    public async Task A_result_is_replaced_only_when_that_is_asked_for()
    {
        Assert.Equal(0, (await RunAsync("generate", First)).ExitCode);
        var again = await RunAsync("generate", First, "--seed", "1", "0");
        Assert.Equal(1, again.ExitCode);
        Assert.Contains("--overwrite", again.Error, StringComparison.Ordinal);
        Assert.Equal(["seed-0.json", "seed-0.png"], Entries());
        Assert.Equal(0, (await RunAsync("generate", First, "--overwrite")).ExitCode);
    }

    [Fact]
    public async Task Samplers_noise_levels_and_strength_are_options_and_in_the_record()
    {
        Assert.Equal(0, (await RunAsync("generate", First, "--seed", "9")).ExitCode);
        var run = await RunAsync(
            "generate",
            Second,
            "--image",
            Output("seed-9.png"),
            "--strength",
            "0.5",
            "--sampler",
            "euler-ancestral",
            "--noise-levels",
            "karras",
            "--timestep-spacing",
            "trailing",
            "--guidance-rescale",
            "0.7"
        );
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        using var record = JsonDocument.Parse(File.ReadAllText(Output("seed-0.json")));
        Assert.Equal([2, 0.5, 0.7], new[] { "steps", "strength", "guidanceRescale" }.Select(name => Number(record, name)));
        Assert.Equal("euler-ancestral", Text(record, "sampler"));
        var levels = record.RootElement.GetProperty("noiseLevels");
        Assert.Equal(
            ("karras", "trailing"),
            (levels.GetProperty("spacing").GetString(), levels.GetProperty("timestepSpacing").GetString())
        );

        var listed = await RunAsync("generate", Second, "--seed", "1", "--timesteps", "999,499", "--sampler", "tcd", "--eta", "0.3");
        Assert.Equal((0, ""), (listed.ExitCode, listed.ExitCode == 0 ? "" : listed.Error));
        using var other = JsonDocument.Parse(File.ReadAllText(Output("seed-1.json")));
        Assert.Equal([2, 0.3], new[] { "steps", "eta" }.Select(name => Number(other, name)));
    }

    [Theory]
    [InlineData("ShapeWorld", "--true-guidance", "2")]
    [InlineData("--prompt-weights sets is SdxlSettings, but ShapeWorld", "--prompt-weights")]
    [InlineData("leave one out", "--true-guidance", "2", "--prompt-weights")]
    [InlineData("no picture to start from", "--strength", "0.5")]
    [InlineData("timesteps, karras, exponential, beta, lu", "--noise-levels", "even")]
    [InlineData("--sigmas is 'x'", "--sigmas", "1,x")]
    [InlineData("--batch-size is 0", "--batch-size", "0")]
    [InlineData("--batch-size", "--batch-size", "5000")]
    [InlineData("euler", "--sampler", "heun-42")]
    [InlineData("Give a prompt, or --prompts, or", "--prompts", "prompts.txt")]
    [InlineData("Give a prompt, or --prompts, or", "--image", ".")]
    public async Task What_cannot_be_met_is_refused_in_one_sentence(string expected, params string[] options)
    {
        var run = await RunAsync(["generate", First, .. options]);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.Empty(Entries());
    }

    [Fact]
    public async Task A_failed_prompt_is_recorded_and_the_others_are_made()
    {
        var prompts = folder.Write("prompts.txt", $"{First}\n\n{Undrawable}\n{Second}\n");
        var run = await RunAsync("generate", "--prompts", prompts, "--seed", "0", "7");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("2 of 6 failed", run.Error, StringComparison.Ordinal);
        string[] made = ["0001-seed-0", "0001-seed-7", "0003-seed-0", "0003-seed-7"];
        Assert.Equal([.. made.SelectMany(static name => new[] { $"{name}.json", $"{name}.png" }), "generate-failures.jsonl"], Entries());
        var failures = File.ReadAllLines(Output("generate-failures.jsonl"));
        Assert.Equal(2, failures.Length);
        using var failure = JsonDocument.Parse(failures[1]);
        Assert.Equal(("0002-seed-7", Undrawable, 7), (Text(failure, "name"), Text(failure, "prompt"), Number(failure, "seed")));
        Assert.Contains("ShapeWorld cannot draw", Text(failure, "error"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("generate", "0001-seed-0.png", "0002-seed-5.png")]
    [InlineData("align", "0001-seed-0", "0002-seed-5")]
    public async Task The_same_command_again_makes_what_is_missing(string command, string first, string second)
    {
        var prompts = folder.Write(
            "prompts.jsonl",
            $$"""
            {"prompt": "{{First}}"}
            {"prompt": "{{Second}}", "seed": 5, "width": 32, "height": 32}
            """
        );
        var run = await RunAsync(command, "--prompts", prompts);
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Delete(Output(second));

        // An option's default, written out, asks for the same.
        var again = await RunAsync(command, "--prompts", prompts, "--wide-gemm", "true");
        Assert.Equal((0, ""), (again.ExitCode, again.ExitCode == 0 ? "" : again.Error));
        Assert.Contains("1 of 2 are done already", again.Error, StringComparison.Ordinal);
        Assert.DoesNotContain(Output(first), again.Lines);
        Assert.Contains(Output(second), again.Lines);

        folder.Write("prompts.jsonl", $$"""{"prompt": "{{Second}}"}""");
        var other = await RunAsync(command, "--prompts", prompts);
        Assert.Equal(1, other.ExitCode);
        Assert.Contains($"was made with prompt '{First}', but now it is prompt '{Second}'", other.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("generate", "no --guidance, but now it is --guidance '3'", "--guidance", "3")]
    [InlineData("generate", "no --height, but now it is --height '32'", "--width", "32", "--height", "32")]
    [InlineData("generate", "Pipeline:Backbone 'shapeworld'", "--model", "stabilityai/sdxl")]
    [InlineData("align", "no --question, but now it is --question 'Why?'", "--question", "Why?")]
    [InlineData("align", "no --no-gate, but now it is --no-gate", "--no-gate")]
    public async Task What_was_made_with_other_settings_is_not_taken_for_this(string command, string expected, params string[] more)
    {
        var prompts = folder.Write("prompts.txt", First);
        Assert.Equal(0, (await RunAsync(command, "--prompts", prompts)).ExitCode);
        var elsewhere = await RunAsync(command, "--prompts", prompts, "--device", "cpu", "--batch-size", "3");
        Assert.Equal(0, elsewhere.ExitCode);
        Assert.Contains("1 of 1 are done already", elsewhere.Error, StringComparison.Ordinal);

        var other = await RunAsync([command, "--prompts", prompts, .. more]);

        Assert.Equal(1, other.ExitCode);
        Assert.Contains(expected, other.Error, StringComparison.Ordinal);
        Assert.Contains("--overwrite", other.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_question_is_for_align_alone()
    {
        var prompts = folder.Write("prompts.csv", $"prompt,question\n{First},Is it {{prompt}}?\n");
        var refused = await RunAsync("generate", "--prompts", prompts);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("0001-seed-0 has a question", refused.Error, StringComparison.Ordinal);

        var asked = await RunAsync("align", "--prompts", prompts);
        Assert.Equal(0, asked.ExitCode);
        Assert.Contains($"picture 1 (align) asked: Is it {First}?", asked.Lines);
    }

    private Task<ToolRun> RunAsync(params string[] arguments) => Tool.RunAsync([.. arguments, "--steps", "2", "--out", Output("")]);

    private string Output(string name) => Path.TrimEndingDirectorySeparator(folder.File(Path.Combine("out", name)));

    private IEnumerable<string?> Entries() =>
        Directory.Exists(Output(""))
            ? Directory.EnumerateFileSystemEntries(Output("")).Select(Path.GetFileName).Order(StringComparer.Ordinal)
            : [];

    private static void Delete(string path)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
        else
            File.Delete(path);
    }

    private static string Text(JsonDocument document, string name) => document.RootElement.GetProperty(name).GetString()!;

    private static double Number(JsonDocument document, string name) => document.RootElement.GetProperty(name).GetDouble();
}
