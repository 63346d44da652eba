using System.Globalization;
using System.Text.Json;
using ImgAlign.Evaluation.Running;
using ImgAlign.Scorers;
using ImgAlign.Scorers.Means;

namespace ImgAlign.Evaluation.Benchmarks;

/// <summary>
/// HPSv2's benchmark: four styles of 800 prompts, a JSON array each; a JPEG for each prompt. Its script prints means only.
/// </summary>
internal sealed class HpsBenchmark() : Benchmark("hpsv2")
{
    private static readonly string[] Styles = ["anime", "concept-art", "paintings", "photo"];

    /// <inheritdoc/>
    public override IReadOnlyList<EvaluationPrompt> ReadPrompts(string path) =>
        [
            .. Styles
                .Where(style => !File.Exists(path) || Path.GetFileNameWithoutExtension(path) == style)
                .SelectMany(style =>
                    BenchmarkFiles.Read(
                        BenchmarkFiles.Find(path, $"{style}.json"),
                        prompts =>
                            prompts
                                .EnumerateArray()
                                .Select(
                                    (prompt, index) =>
                                        new EvaluationPrompt(
                                            string.Create(CultureInfo.InvariantCulture, $"{style}/{index:00000}"),
                                            prompt.GetString() ?? throw new JsonException("a prompt is null")
                                        )
                                        {
                                            Seeds = [index],
                                            Category = style,
                                        }
                                )
                                .ToList()
                    )
                ),
        ];

    // HPSv2's own scores are printed times 100.
    internal override IReadOnlyList<(string Name, double Value)> Means(IReadOnlyList<EvaluatedPicture> pictures, string scorer)
    {
        var factor = scorer == HpsScorer.DefaultName ? 100 : 1;
        var means = new List<(string Name, double Value)>();
        foreach (var style in pictures.GroupBy(static picture => picture.Item.Prompt.Category!))
        {
            var scores = new HpsBenchmarkStyle([.. style.Select(picture => factor * picture.Scores[scorer])]);
            means.AddRange([(style.Key, scores.Mean), ($"{style.Key}, deviation of groups", scores.Deviation)]);
        }
        return [.. means, ("average of all prompts", factor * pictures.Average(picture => picture.Scores[scorer]))];
    }

    internal override void Export(IReadOnlyList<EvaluatedPicture> pictures, string folder, string target)
    {
        foreach (var picture in pictures)
        {
            var file = Path.Combine(folder, $"{picture.Item.Prompt.Id}.jpg");
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            ExportedPicture.WriteJpeg(picture, file);
        }
    }
}
