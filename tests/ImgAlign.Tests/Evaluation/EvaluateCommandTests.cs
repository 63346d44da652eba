using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using ImgAlign.Evaluation.Running;
using ImgAlign.Imaging;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Tests.Cli;
using ImgAlign.Tests.Scorers;
using ImgAlign.Tests.ShapeWorld;
using ParquetSharp;
using TorchSharp;

namespace ImgAlign.Tests.Evaluation;

/// <summary><c>imgalign evaluate</c>, from prompts to a report.</summary>
public sealed class EvaluateCommandTests : EvaluationTestBase
{
    [Fact]
    public async Task Arms_are_compared_and_a_second_run_makes_nothing_and_reports_the_same()
    {
        var prompts = Write("prompts.txt", $"{Circle}\n{Triangle}\n{Square}\n");

        var first = await EvaluateAsync(prompts, "out");
        var files = Snapshot("out");
        var second = await EvaluateAsync(prompts, "out");

        Assert.Equal((0, 0), (first.ExitCode, second.ExitCode));
        Assert.Equal(12 + 1, first.Lines.Count); // four comparisons by three scorers, and the report
        Assert.Contains(first.Lines, static line => line.StartsWith("IMG against base by exact evaluator: ", StringComparison.Ordinal));
        Assert.Contains("9 of 9 pictures", first.Error, StringComparison.Ordinal); // three arms' worth: gated IMG shares all of its
        Assert.Equal(first.Output, second.Output);
        Assert.Equal(files, Snapshot("out"));
    }

    [Fact]
    public async Task Pictures_are_those_of_the_pipeline()
    {
        var prompts = Write("prompts.txt", $"{Circle}\n{Triangle}\n");
        var arms = Write(
            "arms.json",
            """{"arms": [{"name": "base"}, {"name": "two", "rounds": 2}, {"name": "gated", "rounds": 1, "gated": true}]}"""
        );
        await EvaluateAsync(prompts, "out", "--arms", arms);
        using var world = new EmbeddedWorld();
        var request = new AlignmentRequest(new AlignmentItem(Circle) { Seed = 0 }, new AlignmentItem(Triangle) { Seed = 1 }) { Steps = 2 };

        var two = (await world.Pipeline.AlignAsync(request with { Rounds = 2, Acceptance = ScoreGate.Open })).Items;
        var gated = (await world.Pipeline.AlignAsync(request)).Items;

        Assert.Equal(two.Select(static item => item.BaseImage), Pictures("out", "base"));
        Assert.Equal(two.Select(static item => item.Image), Pictures("out", "two"));
        Assert.Equal(gated.Select(static item => item.Image), Pictures("out", "gated"));
    }

    [Fact]
    public async Task A_preset_holds_and_is_told_apart_in_the_store_whether_asked_for_or_configured()
    {
        var prompts = Write("prompts.txt", "a red cube on a table\n");
        var arms = Write("arms.json", """{"arms": [{"name": "base"}, {"name": "few", "models": {"Pipeline:Preset": "lightning-4"}}]}""");

        var plain = await EvaluateAsync(prompts, "out", "--config", Tiny, "--arms", arms);
        var (without, configured) = (Pictures("out", "base").Single(), Pictures("out", "few").Single());
        var asked = await EvaluateAsync(prompts, "out", "--config", Tiny, "--arms", arms, "--preset", "lightning-4");

        Assert.Equal((0, 0), (plain.ExitCode, asked.ExitCode));
        Assert.NotEqual(without, configured);
        Assert.Equal([configured, configured], Pictures("out", "base").Concat(Pictures("out", "few")));
    }

    [Fact]
    public void What_a_samplers_name_does_not_tell_is_in_the_recipe()
    {
        var usual = SamplingRecipe.OfSample(new AlignmentRequest { Sampler = new NamedSampler([]) });
        var other = SamplingRecipe.OfSample(new AlignmentRequest { Sampler = new NamedSampler(new() { ["order"] = "3" }) });

        Assert.NotEqual(Recipe.Write(usual), Recipe.Write(other));
    }

    [Fact]
    public void A_request_takes_all_settings_of_another_kind()
    {
        var request = new AlignmentRequest
        {
            Preset = "lightning-4",
            Steps = 3,
            Sampler = Samplers.ByName("ddim"),
            Eta = 0.5,
            MaxBatchSize = 2,
            PreviewInterval = 1,
        };

        Assert.Equal(request, new AlignmentRequest(new GenerationRequest(request)));
    }

    [Fact]
    public async Task What_fails_is_recorded_and_tried_again_and_holds_up_nothing_else()
    {
        var prompts = Write(
            "prompts.jsonl",
            $$"""
            {"prompt": "{{Circle}}", "seed": 7}
            {"prompt": "a cat"}
            """
        );

        var run = await EvaluateAsync(prompts, "out");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("4 pictures or scores are missing", run.Error, StringComparison.Ordinal);
        var rows = Rows("out");
        Assert.Equal(4, rows.Count(static row => row.GetProperty("failure").GetString()?.Contains("cannot draw 'a cat'") == true));
        Assert.Equal(7, rows.First(static row => row.GetProperty("prompt").GetString() == Circle).GetProperty("seed").GetInt64());
        Assert.Contains("cannot draw", await File.ReadAllTextAsync(Path.Combine(Folder.File("out"), "report.html")));
    }

    [Theory]
    [InlineData("record.json", "{")]
    [InlineData("cost.json", "null")]
    public async Task A_damaged_file_of_an_earlier_run_is_named(string name, string text)
    {
        var prompts = Write("prompts.txt", $"{Circle}\n");
        await EvaluateAsync(prompts, "out");
        foreach (var file in Directory.GetFiles(Folder.File("out"), name, SearchOption.AllDirectories))
            await File.WriteAllTextAsync(file, text);

        var run = await EvaluateAsync(prompts, "out");

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(
            $"{name}: this is no record of an evaluation; delete its folder, and run again.",
            run.Error,
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task Two_shards_give_what_one_run_gives()
    {
        var prompts = Write("prompts.txt", $"{Circle}\n{Triangle}\n{Square}\n");
        await EvaluateAsync(prompts, "whole");

        var first = await EvaluateAsync(prompts, "parts", "--shard", "1/2");
        var early = await EvaluateAsync(prompts, "parts", "--report");
        var second = await EvaluateAsync(prompts, "parts", "--shard", "2/2");
        var report = await EvaluateAsync(prompts, "parts", "--report");

        Assert.Equal((0, 1, 0, 0), (first.ExitCode, early.ExitCode, second.ExitCode, report.ExitCode));
        Assert.Contains("4 pictures or scores are missing", early.Error, StringComparison.Ordinal);
        Assert.Equal(Snapshot("whole"), Snapshot("parts"));
    }

    [Fact]
    public async Task An_arm_can_be_decided_by_another_scorer()
    {
        var prompts = Write("prompts.txt", string.Join('\n', Enumerable.Repeat($"{Circle}\n{Triangle}\n{Square}", 3)));
        var arms = Write(
            "arms.json",
            """
            {"arms": [
              {"name": "base", "steps": 8},
              {"name": "another", "steps": 8, "firstSample": 1},
              {"name": "best of 2", "steps": 8, "bestOf": 2, "decidedBy": "exact evaluator"}
            ]}
            """
        );

        var run = await EvaluateAsync(prompts, "out", "--arms", arms);

        Assert.Equal(0, run.ExitCode);
        var right = Rows("out")
            .ToLookup(
                static row => row.GetProperty("arm").GetString(),
                static row => row.GetProperty("scores").GetProperty("exact evaluator").GetDouble()
            );
        Assert.Equal(right["base"].Zip(right["another"], Math.Max), right["best of 2"]);
        Assert.Contains("Decided: best of 2 by exact evaluator.", Report("out"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_scorer_that_is_not_there_decides_nothing()
    {
        var prompts = Write("prompts.txt", Circle);
        var arms = Write("arms.json", """{"arms": [{"name": "a", "bestOf": 2, "decidedBy": "pickscore"}]}""");

        var run = await EvaluateAsync(prompts, "out", "--arms", arms);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("'a' is decided by 'pickscore', which is none of the scorers here: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_scorer_gated_arms_are_left_out_and_named()
    {
        var prompts = Write("prompts.txt", "a red cube on a table\n");

        var run = await EvaluateAsync(prompts, "out", "--config", Tiny);

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("gated IMG is left out", run.Error, StringComparison.Ordinal);
        Assert.Equal(["base", "another sample", "IMG"], Rows("out").Select(static row => row.GetProperty("arm").GetString()));
        Assert.Contains("Left out, since no scorer decides: gated IMG.", Report("out"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_arm_can_have_models_of_its_own()
    {
        var prompts = Write("prompts.txt", "a red cube on a table\n");
        var arms = Write(
            "arms.json",
            """{"arms": [{"name": "base"}, {"name": "wide", "models": {"Precision": "BFloat16"}}, {"name": "fine", "steps": 1}]}"""
        );

        var run = await EvaluateAsync(prompts, "out", "--config", Tiny, "--arms", arms);

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(3, Rows("out").Select(static row => row.GetProperty("file").GetString()).Distinct().Count());
    }

    [Theory]
    [InlineData("zimage", "zimage/Z-Image-Turbo")]
    [InlineData("sdxl", "sdxl/checkpoint")]
    public async Task Arms_that_align_nothing_need_no_detector(string backbone, string model)
    {
        var prompts = Write("prompts.jsonl", """{"prompt": "a red cube", "width": 64, "height": 64}""");
        var arms = Write(
            "arms.json",
            """{"arms": [{"name": "base"}, {"name": "best of 2", "bestOf": 2}, {"name": "search", "policy": "best-of-n", "budget": 2}]}"""
        );
        string[] models =
        [
            "--backbone",
            backbone,
            "--model",
            Path.Combine(TestData.Golden, model),
            "--scorer",
            $"pickscore={TinyScorers.Pick}",
        ];

        var run = await EvaluateAsync(prompts, "out", ["--arms", arms, .. models]);
        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        var scores = Rows("out").Select(static row => row.GetProperty("scores").GetProperty("pickscore").GetDouble()).ToList();
        Assert.Equal(3, scores.Count);
        Assert.All(scores, score => Assert.True(score >= scores[0]));

        var refused = await EvaluateAsync(prompts, "refused", models);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains(
            backbone == "zimage" ? "No image prompt is published for zimage" : "Llava:ModelPath is not set",
            Assert.Single(refused.Error.TrimEnd().Split(Environment.NewLine)),
            StringComparison.Ordinal
        );
    }

    [Fact]
    public async Task A_sweep_has_an_arm_for_each_value_and_a_contact_sheet()
    {
        var run = await EvaluateAsync(Write("prompts.txt", $"{Circle}\n"), "out", "--sweep", "scale=0.2,1");

        Assert.Equal(0, run.ExitCode);
        Assert.Equal(["base", "scale 0.2", "scale 1"], Rows("out").Select(static row => row.GetProperty("arm").GetString()));
        Assert.Equal(Path.Combine(Folder.File("out"), "contact-sheet.html"), run.Lines[^1]);
        var sheet = await File.ReadAllTextAsync(run.Lines[^1]);
        Assert.Equal(3, sheet.Split("<img ").Length - 1);
        Assert.Contains(Circle, sheet, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_benchmark_is_drawn_exported_and_its_results_are_compared()
    {
        Write("evaluation_metadata.jsonl", $$"""{"tag": "position", "include": [], "prompt": "{{Circle}}"}""");
        var verdicts = Enumerable
            .Range(0, 4)
            .Select(static picture =>
                $$"""{"filename": "00000/samples/0000{{picture}}.png", "correct": {{(picture == 2 ? "true" : "false")}}}"""
            );
        var results = Write("results.jsonl", string.Join('\n', verdicts));
        var arms = Write("arms.json", """{"arms": [{"name": "base"}, {"name": "other", "firstSample": 1}]}""");
        string[] options = ["--benchmark", "geneval", "--arms", arms];

        var made = await EvaluateAsync(Folder.File("evaluation_metadata.jsonl"), "out", [.. options, "--export", Folder.File("export")]);
        var report = await EvaluateAsync(
            Folder.File("evaluation_metadata.jsonl"),
            "out",
            [.. options, "--report", "--import", $"base={results}", "--import", $"other={results}"]
        );

        var official = Rows("out")[2].GetProperty("scores").GetProperty("geneval, official").GetDouble();
        var again = await EvaluateAsync(
            Folder.File("evaluation_metadata.jsonl"),
            "out",
            [.. options, "--report", "--export", Folder.File("export")]
        );

        Assert.Equal((0, 0, 0), (made.ExitCode, report.ExitCode, again.ExitCode));
        Assert.Equal(4, Directory.GetFiles(Folder.File("export/other/00000/samples")).Length);
        Assert.Equal([42, 43, 44, 45], Rows("out").Take(4).Select(static row => row.GetProperty("seed").GetInt32()));
        Assert.Equal(1, official);
        Assert.Contains("No scorer decided anything.", Report("out"), StringComparison.Ordinal); // neither arm chooses
    }

    [Fact]
    public async Task Where_an_export_cannot_be_there_is_a_report_that_says_why()
    {
        Write("evaluation_metadata.jsonl", """{"tag": "x", "include": [], "prompt": "a cat"}""");

        var run = await EvaluateAsync(
            Folder.File("evaluation_metadata.jsonl"),
            "out",
            ["--benchmark", "geneval", "--export", Folder.File("export")]
        );

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("'a cat' has no picture of base", run.Error, StringComparison.Ordinal);
        Assert.Contains("the report says why", run.Error, StringComparison.Ordinal);
        Assert.Contains("cannot draw", Report("out"), StringComparison.Ordinal);
        Assert.False(Directory.Exists(Folder.File("export")));
    }

    [Fact]
    public async Task A_shard_that_fails_says_where_the_reasons_are()
    {
        var prompts = Write("prompts.txt", "a cat\n");

        var run = await EvaluateAsync(prompts, "out", "--shard", "1/2");
        var report = await EvaluateAsync(prompts, "out", "--report");

        Assert.Equal((1, 1), (run.ExitCode, report.ExitCode));
        Assert.Contains("--report in place of --shard says why", run.Error, StringComparison.Ordinal);
        Assert.Contains("cannot draw", Report("out"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenEval_2_is_judged_by_the_detector_and_called_so()
    {
        var prompts = Write(
            "geneval2_data.jsonl",
            """{"prompt": "dogs", "atom_count": 3, "vqa_list": [["How many?", "two"], ["Dogs?", "Yes"]], "skills": ["count", "object"]}"""
        );
        var config = TinyWith("SoftTifa", new JsonObject { ["Mean"] = "Geometric" });
        var arms = Write("arms.json", """{"arms": [{"name": "base"}]}""");

        var run = await EvaluateAsync(prompts, "out", ["--benchmark", "geneval2", "--arms", arms, "--config", config]);

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        Assert.InRange(Assert.Single(Rows("out")).GetProperty("scores").GetProperty("soft-tifa").GetDouble(), 1e-12, 1);
        Assert.Contains("As geneval2 counts", Report("out"), StringComparison.Ordinal);
        Assert.Contains("<th>count (AM)</th><th>object (AM)</th><th>3 atoms (GM)</th>", Report("out"), StringComparison.Ordinal);
        Assert.Contains("soft-tifa is judged by", Report("out"), StringComparison.Ordinal);
        Assert.Contains("are judged by Qwen3-VL-8B-Instruct: others are not comparable", Report("out"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task GenAI_Bench_is_measured_whole_by_VQAScore_with_means_by_skill()
    {
        var prompts = Write(
            "genai_image.json",
            """
            {
              "00000": {"prompt": "a red cube", "prompt in Chinese": "x", "models": {"DALLE_3": [4, 5, 5]}},
              "00001": {"prompt": "two dogs", "models": {}},
              "00002": {"prompt": "no cat", "models": {}}
            }
            """
        );
        Write("genai_skills.json", """{"attribute": [0], "basic": [0, 1], "negation": [2], "advanced": [2], "counting": []}""");
        var arms = Write(
            "arms.json",
            """
            {"arms": [{"name": "base"}, {"name": "IMG", "rounds": 1}, {"name": "best of 2", "bestOf": 2}]}
            """
        );
        string[] options =
        [
            "--benchmark",
            "genai-bench",
            "--arms",
            arms,
            "--config",
            TinyWith("VqaScore", new JsonObject { ["Judge"] = "llava" }),
        ];

        var run = await EvaluateAsync(prompts, "out", [.. options, "--export", Folder.File("export")]);

        Assert.Equal((0, ""), (run.ExitCode, run.ExitCode == 0 ? "" : run.Error));
        var scores = Rows("out").ConvertAll(static row => row.GetProperty("scores").GetProperty("vqa").GetDouble());
        Assert.Equal(9, scores.Count);
        Assert.All(scores, static score => Assert.InRange(score, 1e-12, 1));
        Assert.Contains(
            "<th>basic</th><th>basic, deviation</th><th>negation</th><th>negation, deviation</th><th>advanced</th>",
            Report("out"),
            StringComparison.Ordinal
        );
        Assert.Contains("<th>all</th><th>all, deviation</th>", Report("out"), StringComparison.Ordinal);
        Assert.Contains("vqa is judged by", Report("out"), StringComparison.Ordinal);
        Assert.Contains("are judged by CLIP-FlanT5-XXL: others are not comparable", Report("out"), StringComparison.Ordinal);
        Assert.Equal(3, Directory.GetFiles(Folder.File("export/IMG"), "*.jpeg").Length);
    }

    [Fact]
    public async Task Scores_are_in_Parquet_as_in_JSON_lines()
    {
        await EvaluateAsync(Write("prompts.txt", $"{Circle}\n"), "out");

        using var file = new ParquetFileReader(Path.Combine(Folder.File("out"), "scores.parquet"));
        using var rows = file.RowGroup(0);
        using var arms = rows.Column(4).LogicalReader<string>();
        using var scores = rows.Column(9).LogicalReader<double?>();
        Assert.Equal(Rows("out").Select(static row => row.GetProperty("arm").GetString()), arms.ReadAll(4));
        Assert.Equal(
            Rows("out").Select(static row => (double?)row.GetProperty("scores").GetProperty("exact evaluator").GetDouble()),
            scores.ReadAll(4)
        );
    }

    [Theory]
    [InlineData("use I/N", "--shard", "2")]
    [InlineData("The shard is 3 of 2", "--shard", "3/2")]
    [InlineData("leave --shard out", "--shard", "1/2", "--report")]
    [InlineData("there is no such file", "--arms", "absent.json")]
    [InlineData("--preview is not an option of evaluate", "--preview", "previews")]
    [InlineData("leave one of them out", "--arms", "absent.json", "--sweep", "scale=1")]
    [InlineData("use NAME=VALUE,VALUE", "--sweep", "width=3")]
    [InlineData("use whole numbers", "--sweep", "steps=2.5")]
    [InlineData("say with --benchmark", "--export", "folder")]
    [InlineData("There is no benchmark 'x'", "--benchmark", "x")]
    public async Task What_cannot_be_is_said_before_anything_is_made(string expected, params string[] options)
    {
        var run = await EvaluateAsync(Write("prompts.txt", $"{Circle}\n"), "out", options);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains(expected, run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Folder.File("out")));
    }

    private sealed class NamedSampler(Dictionary<string, string> options) : ISampler
    {
        public string Name => "named";

        public IReadOnlyDictionary<string, string> Options => options;

        public int CountEvaluations(int steps) => steps;

        public torch.Tensor Sample(torch.Tensor x, NoiseSchedule schedule, DataEstimate estimate, INoiseSource noise) =>
            throw new NotSupportedException();
    }
}
