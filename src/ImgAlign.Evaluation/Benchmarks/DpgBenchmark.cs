using System.Globalization;
using ImgAlign.Evaluation.Running;

namespace ImgAlign.Evaluation.Benchmarks;

/// <summary>
/// DPG-Bench: a folder of text files with a prompt each; four pictures of a prompt as tiles of one, under the text file's name. The result
/// file has a line for each: path, four scores, mean.
/// </summary>
internal sealed class DpgBenchmark() : Benchmark("dpg-bench")
{
    private const int Tiles = 4;

    /// <inheritdoc/>
    public override IReadOnlyList<EvaluationPrompt> ReadPrompts(string path)
    {
        string[] files = Directory.Exists(path) ? [.. Directory.EnumerateFiles(path, "*.txt").Order(StringComparer.Ordinal)] : [];
        return files.Length == 0
            ? throw new ImgAlignException($"{path}: there are no text files; give the benchmark's folder 'prompts'.")
            :
            [
                .. files.Select(
                    static (file, index) =>
                        new EvaluationPrompt(Path.GetFileNameWithoutExtension(file), File.ReadAllText(file).Trim())
                        {
                            Seeds = [.. Enumerable.Range(Tiles * index, Tiles)],
                        }
                ),
            ];
    }

    // All prompts have as many tiles, so that the mean of their means is the mean of all.
    internal override IReadOnlyList<(string Name, double Value)> Means(IReadOnlyList<EvaluatedPicture> pictures, string scorer) =>
        [("score", 100 * pictures.Average(picture => picture.Scores[scorer]))];

    internal override void Export(IReadOnlyList<EvaluatedPicture> pictures, string folder, string target)
    {
        foreach (var prompt in pictures.GroupBy(static picture => picture.Item.Prompt))
            ExportedPicture.WriteTiles([.. prompt], Path.Combine(folder, $"{prompt.Key.Id}.png"));
    }

    internal override IReadOnlyList<double?> Import(string path, IReadOnlyList<EvaluatedPicture> pictures)
    {
        if (!File.Exists(path))
            throw new ImgAlignException($"{path}: there is no such file; give the evaluator's dpg-bench_…_results.txt.");
        var lines = new List<KeyValuePair<string, double[]>>();
        foreach (var fields in File.ReadLines(path).Select(static line => line.Split(", ")))
        {
            // Whatever is in the path; the table behind the pictures' lines has no such fields.
            var scores = fields.TakeLast(Tiles + 1).Select(static field => ParseOrNull(field)).ToList();
            if (fields.Length > Tiles + 1 && !scores.Contains(null))
                lines.Add(
                    new(
                        Path.GetFileNameWithoutExtension(string.Join(", ", fields.SkipLast(Tiles + 1))),
                        [.. scores.Take(Tiles).Select(static score => score!.Value)]
                    )
                );
        }
        var results = BenchmarkFiles.EachOnce(path, lines);
        return
        [
            .. pictures.Select(picture =>
                results.TryGetValue(picture.Item.Prompt.Id, out var scores) ? scores[picture.Item.Picture] : default(double?)
            ),
        ];
    }

    private static double? ParseOrNull(string field) =>
        double.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}
