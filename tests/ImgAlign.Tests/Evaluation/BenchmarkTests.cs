using System.Text.Json;
using System.Text.RegularExpressions;
using ImgAlign.Evaluation;
using ImgAlign.Evaluation.Running;
using ImgAlign.Imaging;
using ParquetSharp;

namespace ImgAlign.Tests.Evaluation;

/// <summary>Benchmarks' files: prompts as they are published, folders as official evaluators walk them, and their results.</summary>
public sealed class BenchmarkTests : BenchmarkTestBase
{
    [Fact]
    public void HPSv2_has_a_JPEG_for_each_prompt_in_a_folder_of_its_style()
    {
        foreach (var style in new[] { "anime", "concept-art", "paintings", "photo" })
            Write($"{style}.json", $"""["a {style} cat", "a {style} dog"]""");

        var (prompts, folder) = Export("hpsv2", Folder.File("in"));

        Assert.Equal(8, prompts.Count);
        Assert.Equal(("paintings", "a paintings dog"), (prompts[5].Category, prompts[5].Prompt));
        // As hpsv2.evaluate does it: for each style, for each prompt by its number.
        foreach (var style in Directory.GetDirectories(folder))
        {
            for (var index = 0; index < 2; index++)
                AssertIsJpegOfHalvedColours(Path.Combine(style, $"{index:00000}.jpg"));
        }
        Assert.Equal(4, Directory.GetDirectories(folder).Length);
    }

    [Fact]
    public void GenEval_has_the_line_of_each_prompt_beside_four_samples_and_its_results_are_read()
    {
        string[] lines =
        [
            """{"tag": "counting", "include": [{"class": "cat", "count": 2}], "prompt": "a photo of two cats"}""",
            """{"tag": "colors", "include": [{"class": "dog", "count": 1, "color": "red"}], "prompt": "a photo of a red dog"}""",
        ];
        Write("evaluation_metadata.jsonl", string.Join('\n', lines));

        var (prompts, folder) = Export("geneval", Folder.File("in"));

        Assert.Equal(["counting", "colors"], prompts.Select(static prompt => prompt.Category));
        // As evaluate_images.py walks it: folders whose names are digits, the line, and samples with digits.
        var found = Directory.GetDirectories(folder).Where(static name => Path.GetFileName(name).All(char.IsDigit)).Order().ToList();
        Assert.Equal(lines, found.Select(static name => File.ReadAllText(Path.Combine(name, "metadata.jsonl"))));
        Assert.All(
            found,
            static name =>
                Assert.Equal(
                    4,
                    Directory
                        .GetFiles(Path.Combine(name, "samples"))
                        .Count(static file => Regex.IsMatch(Path.GetFileName(file), @"^\d+\.png$"))
                )
        );

        Write(
            "results.jsonl",
            """
            {"filename": "out/00000/samples/00001.png", "tag": "counting", "prompt": "", "correct": true, "reason": ""}
            {"filename": "out/00001/samples/00003.png", "tag": "colors", "prompt": "", "correct": false, "reason": "no dog"}
            {"filename": "out/00000/samples/00000.png", "correct": false}
            {"filename": "out/00000/samples/00002.png", "correct": false}
            {"filename": "out/00000/samples/00003.png", "correct": false}
            {"filename": "out/00001/samples/00000.png", "correct": true}
            {"filename": "out/00001/samples/00001.png", "correct": true}
            {"filename": "out/00001/samples/00002.png", "correct": true}
            """
        );
        Assert.Equal([0, 1, 0, 0, 1, 1, 1, 0], Import("geneval", prompts, "results.jsonl"));
    }

    [Fact]
    public void GenEval_2_has_an_object_from_prompts_to_pictures_and_its_results_are_read()
    {
        Write(
            "geneval2_data.jsonl",
            """
            {"prompt": "a \"quoted\" cat", "atom_count": 3, "vqa_list": [["Is there a cat?", "Yes"], ["Is it red?", "Yes"]], "skills": ["object", "attribute"]}
            {"prompt": "two dogs", "atom_count": 4, "vqa_list": [["How many dogs?", "two"], ["Do dogs run?", "Yes"]], "skills": ["count", "verb"]}
            """
        );

        var (prompts, folder) = Export("geneval2", Folder.File("in"));

        // As evaluation.py reads it.
        var images = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(Path.Combine(folder, "images.json")))!;
        Assert.All(prompts, prompt => Assert.True(File.Exists(images[prompt.Prompt])));
        Write("scores.json", "[[0.5, 0.5], [1.0, 0.0]]");
        Assert.Equal([0.5, 0], Import("geneval2", prompts, "scores.json"));

        Write("scores.json", "[[0.5], [1.0]]"); // of --method vqascore
        var message = Assert.Throws<ImgAlignException>(() => Import("geneval2", prompts, "scores.json")).Message;
        Assert.Contains("has 2 questions, but 1 scores there", message, StringComparison.Ordinal);
    }

    [Fact]
    public void DPG_Bench_has_four_tiles_in_one_picture_and_its_results_are_read()
    {
        Write("a.txt", "a long prompt, of a cat\n");
        Write("10.txt", "another");

        var (prompts, folder) = Export("dpg-bench", Folder.File("in"));

        Assert.Equal(["10", "a"], prompts.Select(static prompt => prompt.Id));
        // As compute_dpg_bench.py cuts it: above left, above right, below left, below right.
        var sheet = ImageFile.Load(Path.Combine(folder, "a.png"));
        Assert.Equal(new ImageSize(2 * Size, 2 * Size), sheet.Size);
        Assert.Equal(
            [4, 5, 6, 7],
            new[] { (0, 0), (Size, 0), (0, Size), (Size, Size) }.Select(at => (int)sheet.Pixels[3 * (at.Item2 * 2 * Size + at.Item1)])
        );
        Assert.Equal(2, Directory.GetFiles(folder).Length);

        Write(
            "results.txt",
            """
            /x, y/a.png, 0.5, 1.0, 0.0, 0.25, 0.4375
            /x, y/10.png, 1.0, 1.0, 1.0, 0.0, 0.75
            Model: x
            L1 category scores:
            	entity: 50.0
            DPG-Bench score: 43.75
            """
        );
        Assert.Equal([1, 1, 1, 0, 0.5, 1, 0, 0.25], Import("dpg-bench", prompts, "results.txt"));
    }

    [Fact]
    public void T2I_CompBench_has_ten_pictures_a_prompt_by_their_names_and_its_results_are_read()
    {
        Write("color_val.txt", "a red cat\tred cat\na blue dog\n");
        Write("complex_val.txt", "a cat. and a dog.\n");
        Write("complex_val_spatial.txt", "a cat. and a dog.\n");

        var (prompts, folder) = Export("t2i-compbench", Folder.File("in"));

        Assert.Equal(["a red cat", "a blue dog", "a cat. and a dog."], prompts.Select(static prompt => prompt.Prompt));
        Assert.Equal(Enumerable.Range(42, 10).Select(static seed => (long)seed), prompts[0].Seeds);
        // As BLIP_vqa.py sorts and reads names.
        var names = Directory
            .GetFiles(Path.Combine(folder, "color", "samples"))
            .Select(static file => Path.GetFileName(file))
            .OrderBy(static name => int.Parse(name.Split('_')[^1].Split('.')[0]))
            .ToList();
        Assert.Equal(20, names.Count);
        Assert.Equal(("a red cat", "a blue dog"), (names[9].Split('_')[0], names[10].Split('_')[0]));

        var results = Enumerable.Range(0, 20).Select(static index => new { question_id = index, answer = $"0.{index:00}" });
        Write(Path.Combine("color", "annotation_blip", "vqa_result.json"), JsonSerializer.Serialize(results));
        Write(Path.Combine("color", "annotation1_blip", "VQA", "result", "vqa_result.json"), "[]");
        var complexResults = Enumerable.Range(0, 10).Reverse().Select(static index => new { question_id = index, answer = 0.25 * index });
        Write(Path.Combine("complex", "vqa_result.json"), JsonSerializer.Serialize(complexResults));
        var scores = Import("t2i-compbench", prompts, "");
        Assert.Equal((0.13, 0, 0.75), (scores[13]!.Value, scores[20]!.Value, scores[23]!.Value));
    }

    [Fact]
    public void GenAI_Bench_has_a_JPEG_by_each_id()
    {
        Write("genai_image.json", """{"00000": {"prompt": "a cat", "models": {}}, "00007": {"prompt": "a dog", "models": {}}}""");

        var (prompts, folder) = Export("genai-bench", Folder.File("in"));

        Assert.Equal(["a cat", "a dog"], prompts.Select(static prompt => prompt.Prompt));
        AssertIsJpegOfHalvedColours(Path.Combine(folder, "00000.jpeg"));
        AssertIsJpegOfHalvedColours(Path.Combine(folder, "00007.jpeg"));
    }

    [Fact]
    public void Pick_a_Pic_has_each_caption_once()
    {
        Directory.CreateDirectory(Folder.File("in"));
        using (
            var file = new ParquetFileWriter(Folder.File("in/validation.parquet"), [new Column<int>("id"), new Column<string>("caption")])
        )
        {
            using var rows = file.AppendRowGroup();
            using (var ids = rows.NextColumn().LogicalWriter<int>())
                ids.WriteBatch([1, 2, 3]);
            using (var captions = rows.NextColumn().LogicalWriter<string>())
                captions.WriteBatch(["a cat", "a dog", "a cat"]);
            file.Close();
        }

        Assert.Equal(["a cat", "a dog"], Read("pick-a-pic", Folder.File("in")).Select(static prompt => prompt.Prompt));
    }

    [Fact]
    public void DrawBench_is_CSV_or_JSON()
    {
        Write("drawbench.csv", "Prompts,Category\n\"A red car, and a white sheep.\",Colors\nOne cat.,Counting\n");
        Write("drawbench.json", """["One cat."]""");

        Assert.Equal(["Colors", "Counting"], Read("drawbench", Folder.File("in/drawbench.csv")).Select(static prompt => prompt.Category));
        Assert.Equal("One cat.", Assert.Single(Read("drawbench", Folder.File("in"))).Prompt);
    }

    [Theory]
    [InlineData("geneval", "evaluation_metadata.jsonl", "{\"tag\": \"x\"}", "line 1: not as the benchmark's file is")]
    [InlineData("geneval2", "geneval2_data.jsonl", "[", "line 1: not as the benchmark's file is")]
    [InlineData("geneval2", "geneval2_data.jsonl", "{\"prompt\": \"a\", \"atom_count\": 1, \"vqa_list\": [[]]}", "line 1: not as")]
    [InlineData(
        "geneval2",
        "geneval2_data.jsonl",
        "{\"prompt\": \"a\", \"atom_count\": 1, \"vqa_list\": [[\"Is it?\", \"Yes\"]], \"skills\": []}",
        "1 questions in 'vqa_list' and 0 'skills'"
    )]
    [InlineData("genai-bench", "genai_image.json", "{\"../../x\": {\"prompt\": \"a\"}}", "genai_image.json: '../../x' is no id")]
    [InlineData("genai-bench", "genai_image.json", "{\"/x\": {\"prompt\": \"a\"}}", "genai_image.json: '/x' is no id")]
    [InlineData("genai-bench", "genai_image.json", "{\"1\\u0000\": {\"prompt\": \"a\"}}", "is no id of a prompt")]
    [InlineData("t2i-compbench", "color_val.txt", "..\\x", "cannot be a file's name")]
    [InlineData("hpsv2", "anime.json", "{}", "not as the benchmark's file is")]
    [InlineData("t2i-compbench", "color_val.txt", "a_b", "cannot be a file's name")]
    [InlineData("drawbench", "drawbench.json", "3", "not as the benchmark's file is")]
    [InlineData("dpg-bench", "a.csv", "", "there are no text files")]
    public void What_is_laid_out_otherwise_is_said(string name, string file, string text, string expected)
    {
        Write(file, text);

        var message = Assert.Throws<ImgAlignException>(() => Read(name, Folder.File("in"))).Message;

        Assert.Contains(expected, message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_failed_is_not_exported()
    {
        Write("genai_image.json", """{"00000": {"prompt": "a cat", "models": {}}}""");
        var prompts = Read("genai-bench", Folder.File("in"));
        var result = ResultOf("genai-bench", prompts, static (_, _) => null);

        var message = Assert.Throws<ImgAlignException>(() => result.Export(Folder.File("out"))).Message;

        Assert.Contains("'a cat' has no picture of base (not made yet)", message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(Folder.File("out")));
    }

    [Fact]
    public void Pictures_without_a_result_are_counted_and_nothing_is_imported()
    {
        var prompts = ReadGenEval();
        Write(
            "results.jsonl",
            """
            {"filename": "00000/samples/00001.png", "correct": true}
            {"filename": "elsewhere.png", "correct": true}
            """
        );

        var message = Assert.Throws<ImgAlignException>(() => Import("geneval", prompts, "results.jsonl")).Message;

        Assert.Contains("results.jsonl: 3 of 4 pictures of base have no score in it, 'two cats'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Two_results_of_one_picture_are_said()
    {
        var prompts = ReadGenEval();
        const string line = """{"filename": "00000/samples/00001.png", "correct": true}""";
        Write("results.jsonl", $"{line}\n{line}");
        Write("a.txt", "a cat");
        Write("dpg.txt", "a.png, 0, 0, 0, 0, 0\na.png, 1, 1, 1, 1, 1");

        var ofGenEval = Assert.Throws<ImgAlignException>(() => Import("geneval", prompts, "results.jsonl")).Message;
        var ofDpg = Assert.Throws<ImgAlignException>(() => Import("dpg-bench", Read("dpg-bench", Folder.File("in")), "dpg.txt")).Message;

        Assert.Contains("results.jsonl: there are two results of '00000/samples/00001.png'", ofGenEval, StringComparison.Ordinal);
        Assert.Contains("dpg.txt: there are two results of 'a'", ofDpg, StringComparison.Ordinal);
    }

    [Fact]
    public void An_export_takes_the_place_of_an_earlier_one_and_of_nothing_else()
    {
        var prompts = ReadGenEval();
        var result = ResultOf("geneval", prompts, Picture);
        result.Export(Folder.File("out"));
        Folder.Write("out/base/00000/samples/00001.png", "of an earlier run");
        Folder.Write("out/.base.part/00000/x", "of a run that was killed");

        result.Export(Folder.File("out"));

        Assert.Equal(1, ImageFile.Load(Folder.File("out/base/00000/samples/00001.png")).Pixels[0]);
        Assert.Equal(["base"], Directory.EnumerateFileSystemEntries(Folder.File("out")).Select(Path.GetFileName));

        var results = Folder.Write("out/base/00000/results.jsonl", "an evaluator's");
        var message = Assert.Throws<ImgAlignException>(() => result.Export(Folder.File("out"))).Message;
        Assert.Contains("results.jsonl', which is no part of this export", message, StringComparison.Ordinal);
        Assert.True(File.Exists(results));
        Assert.Equal(["base"], Directory.EnumerateFileSystemEntries(Folder.File("out")).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData("..", "_.")]
    [InlineData("/x", "_x")]
    [InlineData("v1.5 a", "v1.5_a")]
    public void The_folder_of_an_arm_is_in_that_of_the_export(string arm, string expected)
    {
        var result = ResultOf("geneval", ReadGenEval(), Picture, arm);

        result.Export(Folder.File("out/inner"));

        Assert.Equal([expected], Directory.EnumerateFileSystemEntries(Folder.File("out/inner")).Select(Path.GetFileName));
        Assert.Equal(["inner"], Directory.EnumerateFileSystemEntries(Folder.File("out")).Select(Path.GetFileName));
    }

    [Fact]
    public void Two_arms_that_would_share_a_folder_are_not_exported()
    {
        var result = ResultOf("geneval", ReadGenEval(), Picture, "a b", "a_b");

        var message = Assert.Throws<ImgAlignException>(() => result.Export(Folder.File("out"))).Message;

        Assert.Contains("'a b' and 'a_b' would be exported into one folder, a_b", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_report_removes_only_its_own_unfinished_files()
    {
        var result = ResultOf("geneval", ReadGenEval(), Picture);
        var digits = new string('a', 32);
        string[] others = ["film.part", "report.html.part", $"report.htm.{digits}.part", $"report.html.{digits}.part.part"];
        foreach (var name in others.Append($"report.html.{digits}.part").Append($"scores.parquet.{digits}.part"))
            Folder.Write(Path.Combine("evaluation", name), "");

        result.WriteReport();

        Assert.Equal(
            others.Order(StringComparer.Ordinal),
            Directory.GetFiles(Folder.File("evaluation"), "*.part").Select(Path.GetFileName).Order(StringComparer.Ordinal)
        );
    }

    private IReadOnlyList<EvaluationPrompt> ReadGenEval()
    {
        Write("evaluation_metadata.jsonl", """{"tag": "counting", "include": [], "prompt": "two cats"}""");
        return Read("geneval", Folder.File("in"));
    }

    private (IReadOnlyList<EvaluationPrompt> Prompts, string Folder) Export(string name, string path)
    {
        var prompts = Read(name, path);
        ResultOf(name, prompts, Picture).Export(Folder.File("out"));
        return (prompts, Folder.File("out/base"));
    }

    // The marker SOF0 of a JPEG says how often each channel is sampled: 2x2 for brightness, 1x1 for colours.
    private static void AssertIsJpegOfHalvedColours(string file)
    {
        var bytes = File.ReadAllBytes(file);
        var frame = bytes.AsSpan().IndexOf((ReadOnlySpan<byte>)[0xFF, 0xC0]);
        Assert.Equal((0xFF, 0xD8), (bytes[0], bytes[1]));
        Assert.Equal((0x22, 0x11, 0x11), (bytes[frame + 11], bytes[frame + 14], bytes[frame + 17]));
    }
}
