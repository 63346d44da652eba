using System.Text.Json;
using ImgAlign.Evaluation;
using ImgAlign.Evaluation.Running;

namespace ImgAlign.Tests.Evaluation;

/// <summary>The means that benchmarks' own scripts print, in reports: of answers of a judge, or of an official evaluator.</summary>
public sealed class BenchmarkMeansTests : BenchmarkTestBase
{
    [Fact]
    public void Means_of_a_benchmark_stand_under_their_names()
    {
        Write("color_val.txt", "a red cat");
        Write("shape_val.txt", "a round cat");
        var prompts = Read("t2i-compbench", Folder.File("in"));
        var result = ResultOf("t2i-compbench", prompts, Picture, "base", "other");
        // The first arm has no picture of the first category.
        var pictures = result.Pictures.Select(picture =>
            picture with
            {
                Scores = (picture.Arm.Name, picture.Item.Prompt.Category) switch
                {
                    ("base", "color") => new Dictionary<string, double>(),
                    (_, "color") => new Dictionary<string, double> { ["judge"] = 0.25 },
                    _ => new Dictionary<string, double> { ["judge"] = 0.75 },
                },
            }
        );

        var page = File.ReadAllText(new EvaluationResult(result.Options, [.. pictures], ["judge"], result.Judges, null, []).WriteReport());

        Assert.Contains("<th>pictures</th><th>shape</th><th>color</th>", page, StringComparison.Ordinal);
        Assert.Contains("<td>judge</td><td>base</td><td>10</td><td>0.75</td><td>–</td>", page, StringComparison.Ordinal);
        Assert.Contains("<td>judge</td><td>other</td><td>20</td><td>0.75</td><td>0.25</td>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void GenEval_2_has_means_by_skill_and_by_atoms_of_answers_only()
    {
        Write(
            "geneval2_data.jsonl",
            """
            {"prompt": "two dogs", "atom_count": 3, "vqa_list": [["How many dogs?", "two"], ["A dog?", "Yes"]], "skills": ["count", "object"]}
            {"prompt": "a cat", "atom_count": 10, "vqa_list": [["A cat?", "Yes"]], "skills": ["object"]}
            """
        );
        Write("scores.json", "[[0.25, 1.0], [0.5]]");
        var result = ResultOf("geneval2", Read("geneval2", Folder.File("in")), Picture).Import("base", Folder.File("in/scores.json"));

        Assert.Equal(
            [
                ("Soft-TIFA GM", 50.0),
                ("Soft-TIFA AM", 56.25),
                ("count (AM)", 25),
                ("object (AM)", 75),
                ("3 atoms (GM)", 50),
                ("10 atoms (GM)", 50),
            ],
            MeansOf(result)
        );
        Assert.Empty(
            Benchmark
                .ByName("geneval2")
                .Means([.. result.Pictures.Select(static picture => picture with { Answers = None })], Official(result))
        );
    }

    [Fact]
    public void DPG_Bench_has_means_by_category_and_leaves_out_what_its_script_loses()
    {
        Write("prompts/a.txt", "a cat");
        Write("prompts/b.txt", "a red dog, which sits");
        // The first row is lost, and with it the parent of the second, and so all of a.
        Write(
            "dpg_bench.csv",
            """
            item_id,text,keywords,proposition_id,dependency,category_broad,category_detailed,tuple,question_natural_language
            a,"a cat",,1,0,entity,whole,entity - whole (cat),Is there a cat?
            a,"a cat",,2,1,attribute,state,"attribute - state (cat, alive)",Is it alive?
            b,"a dog",,1,0,entity,whole,entity - whole (dog),Is there a dog?
            b,"a dog",,2,1,attribute,color,"attribute - color (dog, red)","Is the dog red, or reddish?"
            b,"a dog",,3,"1, 2",attribute,state,"attribute - state (dog, sits)",Does the dog sit?
            """
        );
        Write("results.txt", "/x/b.png, 0.0, 1.0, 1.0, 0.3333333333333333, 0.5833333333333334\nModel: x");
        (string, string[])[] tiles =
        [
            ("(0, 0, 16, 16)", ["no", "yes", "yes"]),
            ("(16, 0, 32, 16)", ["yes", "yes", "yes"]),
            ("(0, 16, 16, 32)", ["yes", "yes", "yes"]),
            ("(16, 16, 32, 32)", ["yes", "no", "yes"]), // the last question counts 0, since its parent does
        ];
        string[] questions = ["Is there a dog?", "Is the dog red, or reddish?", "Does the dog sit?"];
        Write(
            "results_detail.txt",
            string.Join(
                '\n',
                tiles.SelectMany(tile => questions.Zip(tile.Item2, (question, answer) => $"/x/b.png, {tile.Item1}, {question}, {answer}"))
            )
        );
        var prompts = Read("dpg-bench", Folder.File("in/prompts"));
        var result = ResultOf("dpg-bench", prompts, Picture).Import("base", Folder.File("in/results.txt"));

        Assert.Equal(["Is it alive?"], prompts[0].PictureQuestions.Select(static question => question.Text));
        Assert.Equal(4, result.Pictures.Count(picture => picture.Scores.Count > 0));
        var means = MeansOf(result).ToDictionary(static mean => mean.Name, static mean => Math.Round(mean.Value, 4));
        Assert.Equal(
            new()
            {
                ["score"] = 58.3333,
                ["attribute"] = 50, // of the last tile, whatever its parents are
                ["entity"] = 100,
                ["attribute - color"] = 0,
                ["attribute - state"] = 100,
                ["entity - whole"] = 100,
            },
            means
        );

        Write("results_detail.txt", "/x/b.png, (0, 0, 16, 16), Is there a horse?, yes");
        var message = Assert
            .Throws<ImgAlignException>(() => ResultOf("dpg-bench", prompts, Picture).Import("base", Folder.File("in/results.txt")))
            .Message;
        Assert.Contains("results_detail.txt: the questions about 'b' are not those of dpg_bench.csv", message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_complex_prompt_of_T2I_CompBench_has_the_mean_of_what_it_is_about()
    {
        Write("complex_val.txt", "the red cat sits on a box.\nthe cat eats a cake.\nthe cat eats on a box.\n");
        Write("complex_val_spatial.txt", "The red cat sits on a box\n");
        Write("complex_val_action.txt", "the cat eats a cake.\n");
        WriteResults("complex/annotation_blip", 0.9);
        WriteResults("complex/labels/annotation_obj_detection_2d", 0.6);
        WriteResults("complex/annotation_clip", 0.3);
        var prompts = Read("t2i-compbench", Folder.File("in"));

        var combined = Import("t2i-compbench", prompts, "");

        Assert.Equal([0.75, 0.6, 0.6], new[] { 0, 10, 20 }.Select(index => Math.Round(combined[index]!.Value, 9)));
        var result = ResultOf("t2i-compbench", prompts, Picture).Import("base", Folder.File("in"));
        Assert.Equal(("complex", 0.65), MeansOf(result).Select(static mean => (mean.Name, Math.Round(mean.Value, 9))).Single());

        // What the benchmark combined goes before its parts, and parts alone are nothing.
        WriteResults("complex/annotation_3_in_1", 0.1);
        Assert.Equal(0.1, Import("t2i-compbench", prompts, "")[0]);
        Directory.Delete(Folder.File("in/complex/annotation_3_in_1"), recursive: true);
        Directory.Delete(Folder.File("in/complex/annotation_clip"), recursive: true);
        var message = Assert.Throws<ImgAlignException>(() => Import("t2i-compbench", prompts, "")).Message;
        Assert.Contains("vqa_result.json: there is no such file", message, StringComparison.Ordinal);

        void WriteResults(string folder, double score) =>
            Write(
                $"{folder}/vqa_result.json",
                JsonSerializer.Serialize(Enumerable.Range(0, 30).Select(index => new { question_id = index, answer = score }))
            );
    }

    private static readonly Dictionary<string, IReadOnlyList<double>> None = [];

    private static string Official(EvaluationResult result) => result.Scorers.Single();

    private static IReadOnlyList<(string Name, double Value)> MeansOf(EvaluationResult result) =>
        result.Options.Benchmark!.Means([.. result.Pictures.Where(static picture => picture.Scores.Count > 0)], Official(result));
}
