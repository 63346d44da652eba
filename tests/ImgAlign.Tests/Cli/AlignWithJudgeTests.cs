using System.Text.Json;
using ImgAlign.Cli.Jobs;
using ImgAlign.Imaging;
using ImgAlign.Tests.Judges;
using ImgAlign.Tests.ShapeWorld;

namespace ImgAlign.Tests.Cli;

/// <summary>Scorers that have a judge, on the pictures of ShapeWorld.</summary>
public sealed class AlignWithJudgeTests : IDisposable
{
    private readonly string output = Directory.CreateTempSubdirectory().FullName;

    public AlignWithJudgeTests() => Assert.True(Directory.Exists(EmbeddedWorld.Folder.Root));

    public void Dispose() => Directory.Delete(output, recursive: true);

    [Fact]
    public async Task Questions_of_a_file_are_answered_and_recorded()
    {
        var file = Write("questions.txt", "Is there a green cross?\nHow many squares are in the image?\tone\n");
        var run = await AlignAsync(
            "--scorer",
            "soft-tifa",
            "--question-file",
            file,
            "--gate",
            "soft-tifa=-1",
            "--enough-answers",
            "soft-tifa=0.9"
        );
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.Contains("picture 1 (align) fails by soft-tifa: Is there a green cross? Yes: 0.", run.Output, StringComparison.Ordinal);
        using var record = JsonDocument.Parse(File.ReadAllText(Path.Combine(output, "seed-0", "record.json")));
        var answers = record.RootElement.GetProperty("candidates")[1].GetProperty("answers");
        Assert.Equal(["Yes", "one"], answers.EnumerateArray().Select(static answer => answer.GetProperty("answer").GetString()));
        var acceptance = record.RootElement.GetProperty("acceptance").GetProperty("description").GetString();
        Assert.Contains("done at soft-tifa all answers 0.9", acceptance, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_search_that_ends_with_its_first_picture_says_what_that_one_fails()
    {
        var file = Write("questions.txt", "Is there a green cross?\n");
        var run = await AlignAsync("--scorer", "soft-tifa", "--question-file", file, "--budget", "1", "--policy", "greedy");
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.Contains("picture 0 (first) scored by ShapeWorld's scorer: ", run.Output, StringComparison.Ordinal);
        Assert.Contains("picture 0 (first) fails by soft-tifa: Is there a green cross? Yes: 0.", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("questions.txt", "Is there a dog?\n\tYes", "line 2: there is no question before the answer")]
    [InlineData("questions.txt", "Is there a dog?\tNo", "put it so that it is")]
    [InlineData("questions.txt", "How many dogs are there?\t2", "give the number as a word")]
    [InlineData("questions.txt", "How many dogs are there?", "give the number as a word")]
    [InlineData("questions.txt", " \n\n", "there is no question in it")]
    [InlineData("questions.jsonl", """{"prompt": "a cat", "vqa_list": [["", "Yes"]]}""", "line 1: prompt and vqa_list")]
    public async Task Questions_that_would_be_answered_otherwise_than_they_say_are_refused(string name, string text, string message)
    {
        var run = await AlignAsync("--scorer", "soft-tifa", "--question-file", Write(name, text));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(message, run.Error.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("align", "a red circle left of a blue square")]
    [InlineData("pairs", "a red circle left of a blue square")]
    [InlineData("evaluate", "--prompts", "prompts.txt")]
    public async Task Questions_that_no_scorer_asks_are_refused(params string[] command)
    {
        var prompts = Write("prompts.txt", "a red circle left of a blue square\n");
        var run = await Tool.RunAsync([
            .. command.Select(word => word == "prompts.txt" ? prompts : word),
            "--scorer",
            "vqa",
            "--question-file",
            Write("questions.txt", "Is there a red circle?"),
            "--out",
            Path.Combine(output, "none"),
        ]);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(
            "--question-file is for the scorer soft-tifa, which does not run",
            run.Error.ReplaceLineEndings(" "),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_file_of_questions_is_known_by_its_content()
    {
        var file = Write("questions.txt", "Is there a red circle?");
        string[] options = ["--scorer", "soft-tifa", "--no-critique", "--no-gate"];
        Assert.Equal(0, (await AlignAsync([.. options, "--question-file", file])).ExitCode);
        var picture = Path.Combine(output, "seed-0", "after.png");
        Assert.DoesNotContain(output, PngTextReader.Find(picture, "imgalign", "save it again"), StringComparison.Ordinal);

        Assert.Contains("give it as --question-file", await RepeatAsync(), StringComparison.Ordinal);
        var other = Write("other.txt", "Is there a blue circle?");
        Assert.Contains("give the one of then", await RepeatAsync("--question-file", other), StringComparison.Ordinal);
        var moved = Write("moved.txt", "Is there a red circle?");
        Assert.Equal("", await RepeatAsync("--question-file", moved));

        async Task<string> RepeatAsync(params string[] given)
        {
            var run = await Tool.RunAsync(["align", "--from", picture, "--out", Path.Combine(output, "again"), .. options[..2], .. given]);
            return run.ExitCode == 0 ? "" : run.Error.ReplaceLineEndings(" ");
        }
    }

    [Fact]
    public async Task A_run_goes_on_with_the_same_questions_alone()
    {
        var prompts = Write("prompts.txt", "a red circle left of a blue square\n");
        Assert.Equal("", await RunAsync(Write("questions.txt", "Is there a red circle?")));
        Assert.Equal("", await RunAsync(Write("moved.txt", "Is there a red circle?")));
        Assert.Contains(
            "made with SHA-256 of --question-file",
            await RunAsync(Write("questions.txt", "Is there a blue circle?")),
            StringComparison.Ordinal
        );

        async Task<string> RunAsync(string questions)
        {
            string[] files = ["--prompts", prompts, "--question-file", questions, "--out", Path.Combine(output, "batch")];
            var run = await Tool.RunAsync(["align", .. files, "--scorer", "soft-tifa", "--no-critique", "--steps", "2"]);
            return run.ExitCode == 0 ? "" : run.Error.ReplaceLineEndings(" ");
        }
    }

    [Fact]
    public async Task A_path_in_a_foreign_picture_is_not_read()
    {
        var secret = Write("secret.txt", "Is there a red circle?");
        var picture = Path.Combine(output, "foreign.png");
        var record = JsonSerializer.Serialize(
            new
            {
                command = "align",
                asked = new Dictionary<string, string> { ["prompt"] = "a red circle", ["--question-file"] = secret },
                configuration = new { },
                sources = new { },
            }
        );
        ImageFile.SavePng(picture, new RgbImage(1, 1, [0, 0, 0]), new Dictionary<string, string> { ["imgalign"] = record });
        var run = await Tool.RunAsync("align", "--from", picture, "--out", Path.Combine(output, "again"));
        Assert.Equal(1, run.ExitCode);
        Assert.Contains(
            "made with --question-file, which align does not take",
            run.Error.ReplaceLineEndings(" "),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Another_model_judges()
    {
        var run = await AlignAsync("--scorer", "vqa", "--judge", $"qwen={TinyJudges.PathOf("qwen")}");
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.Contains("Please answer Yes or No.", run.Output, StringComparison.Ordinal); // Qwen's question, not LLaVA's
    }

    [Theory]
    [InlineData("vqa=model", null, "has no files of its own")]
    [InlineData("soft-tifa", null, "--question-file")]
    [InlineData("vqa", "bert=model", "there is no family 'bert'")]
    [InlineData("vqa", "qwen", "give FAMILY=PATH")]
    public async Task What_cannot_judge_is_said(string scorer, string? judge, string message)
    {
        var run = await AlignAsync(["--scorer", scorer, .. judge is null ? Array.Empty<string>() : ["--judge", judge]]);
        Assert.NotEqual(0, run.ExitCode);
        Assert.Contains(message, run.Error.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_suffice_only_of_a_scorer_that_has_a_judge()
    {
        var run = await AlignAsync("--enough-answers", "shapeworld=0.5");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("which has no judge that answers questions", run.Error.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Fact]
    public void GenEval2s_file_is_matched_by_prompt()
    {
        const string Line = """{"prompt": "a cat", "atom_count": 3, "vqa_list": [["How many cats are in the image?", "one"]]}""";
        var questions = QuestionFile.Read(Write("data.jsonl", Line));
        Assert.Equal([new PictureQuestion("How many cats are in the image?", "one")], questions.Of("a cat"));
        Assert.Empty(questions.Of("a dog"));
        var broken = Write("broken.jsonl", Line + "\n{\"prompt\": \"a dog\"}");
        Assert.Contains("line 2", Assert.Throws<ImgAlignException>(() => QuestionFile.Read(broken)).Message, StringComparison.Ordinal);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(output, name);
        File.WriteAllText(path, text);
        return path;
    }

    private Task<ToolRun> AlignAsync(params string[] options) =>
        Tool.RunAsync(["align", "a red circle left of a blue square", "--out", output, "--steps", "2", .. options]);
}
