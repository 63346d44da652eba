using System.Globalization;
using System.Text.Json;
using ImgAlign.Evaluation.Running;
using ImgAlign.Scorers;

namespace ImgAlign.Evaluation.Benchmarks;

/// <summary>GenEval 2: <c>geneval2_data.jsonl</c>, one picture a prompt, and a JSON object from prompts to pictures.</summary>
internal sealed class GenEval2Benchmark() : Benchmark("geneval2")
{
    private const string ImagesFile = "images.json";

    /// <inheritdoc/>
    public override IReadOnlyList<EvaluationPrompt> ReadPrompts(string path) =>
        [
            .. BenchmarkFiles
                .ReadLines(
                    BenchmarkFiles.Find(path, "geneval2_data.jsonl"),
                    static line =>
                        (
                            Prompt: line.Text("prompt"),
                            Atoms: line.GetProperty("atom_count").GetInt32(),
                            Questions: line.GetProperty("vqa_list")
                                .EnumerateArray()
                                .Select(static item => item.Pair())
                                .Select(static pair => new PictureQuestion(pair.First, pair.Second))
                                .ToList()
                        )
                )
                .Select(
                    static (line, index) =>
                        new EvaluationPrompt(index.ToString("00000", CultureInfo.InvariantCulture), line.Prompt)
                        {
                            Seeds = [index],
                            PictureQuestions = line.Questions,
                            Category = string.Create(CultureInfo.InvariantCulture, $"{line.Atoms} atoms"),
                        }
                ),
        ];

    internal override string? OfficialJudge => "Qwen3-VL-8B-Instruct";

    internal override IReadOnlyList<(string Name, double Value)> Means(IReadOnlyList<EvaluatedPicture> pictures, string scorer) =>
        [
            .. pictures
                .GroupBy(static picture => picture.Item.Prompt.Category!)
                .Select(atoms => (atoms.Key, 100 * atoms.Average(picture => picture.Scores[scorer]))),
            ("all", 100 * pictures.Average(picture => picture.Scores[scorer])),
        ];

    internal override void Export(IReadOnlyList<EvaluatedPicture> pictures, string folder, string target)
    {
        var images = new Dictionary<string, string>();
        foreach (var picture in pictures)
        {
            var file = $"{picture.Item.Prompt.Id}.png";
            ExportedPicture.WritePng(picture, Path.Combine(folder, file));
            images[picture.Item.Prompt.Prompt] = Path.Combine(target, file);
        }
        File.WriteAllText(Path.Combine(folder, ImagesFile), JsonSerializer.Serialize(images));
    }

    // The output file has the scores of each prompt's atoms, in the order of the prompts; their geometric mean is Soft-TIFA GM.
    internal override IReadOnlyList<double?> Import(string path, IReadOnlyList<EvaluatedPicture> pictures)
    {
        var scores = BenchmarkFiles.Read(
            BenchmarkFiles.Find(path, "scores.json"),
            static lists =>
                lists
                    .EnumerateArray()
                    .Select(static atoms => atoms.EnumerateArray().Select(static atom => atom.GetDouble()).ToList())
                    .ToList()
        );
        return
        [
            .. pictures.Select(picture =>
                scores.ElementAtOrDefault(int.Parse(picture.Item.Prompt.Id, CultureInfo.InvariantCulture)) is { Count: > 0 } atoms
                    ? SoftTifaScorer.GeometricMean(atoms)
                    : default(double?)
            ),
        ];
    }
}
