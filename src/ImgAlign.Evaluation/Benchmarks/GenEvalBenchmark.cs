using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using ImgAlign.Evaluation.Running;
using ImgAlign.Scorers.Means;

namespace ImgAlign.Evaluation.Benchmarks;

/// <summary>
/// GenEval: <c>evaluation_metadata.jsonl</c>, four pictures a prompt, in a folder for each with the prompt's line; <c>results.jsonl</c> has
/// a line for each picture. The reference draws the pictures of a prompt one after the other from seed 42; here they have 42 to 45.
/// </summary>
internal sealed partial class GenEvalBenchmark() : Benchmark("geneval")
{
    private static readonly IReadOnlyList<long> PictureSeeds = [42, 43, 44, 45];

    /// <inheritdoc/>
    public override IReadOnlyList<EvaluationPrompt> ReadPrompts(string path) =>
        [
            .. BenchmarkFiles
                .ReadLines(
                    BenchmarkFiles.Find(path, "evaluation_metadata.jsonl"),
                    static line => (Prompt: line.Text("prompt"), Tag: line.Text("tag"), Line: line.GetRawText())
                )
                .Select(
                    static (line, index) =>
                        new EvaluationPrompt(index.ToString("00000", CultureInfo.InvariantCulture), line.Prompt)
                        {
                            Seeds = PictureSeeds,
                            Category = line.Tag,
                            Source = line.Line,
                        }
                ),
        ];

    // Of verdicts, as the evaluator gives them; shares of others would mean nothing.
    internal override IReadOnlyList<(string Name, double Value)> Means(IReadOnlyList<EvaluatedPicture> pictures, string scorer)
    {
        if (pictures.Any(picture => picture.Scores[scorer] is not (0 or 1)))
            return [];
        var means = new GenEvalMeans([
            .. pictures.Select(picture => new GenEvalImage(
                picture.Item.Prompt.Category!,
                picture.Scores[scorer] == 1,
                picture.Item.Prompt.Source!
            )),
        ]);
        var tags = pictures.Select(static picture => picture.Item.Prompt.Category!).Distinct();
        return [.. tags.Select(tag => (tag, means.OfTag(tag))), ("mean of the tags", means.Overall)];
    }

    internal override void Export(IReadOnlyList<EvaluatedPicture> pictures, string folder, string target)
    {
        foreach (var picture in pictures)
        {
            var ofPrompt = Path.Combine(folder, picture.Item.Prompt.Id);
            Directory.CreateDirectory(Path.Combine(ofPrompt, "samples"));
            File.WriteAllText(Path.Combine(ofPrompt, "metadata.jsonl"), picture.Item.Prompt.Source);
            ExportedPicture.WritePng(picture, Path.Combine(ofPrompt, SampleFile(picture)));
        }
    }

    internal override IReadOnlyList<ImportedScore?> Import(string path, IReadOnlyList<EvaluatedPicture> pictures)
    {
        var file = BenchmarkFiles.Find(path, "results.jsonl");
        var lines = BenchmarkFiles.ReadLines(
            file,
            static line =>
                KeyValuePair.Create(
                    PictureFile().Match(line.Text("filename")).Value.Replace('\\', '/'),
                    line.Value("correct").GetBoolean() ? 1.0 : 0
                )
        );
        var results = BenchmarkFiles.EachOnce(file, lines.Where(static line => line.Key.Length > 0));
        return
        [
            .. pictures.Select(picture =>
                results.TryGetValue($"{picture.Item.Prompt.Id}/{SampleFile(picture)}", out var score) ? new ImportedScore(score) : null
            ),
        ];
    }

    private static string SampleFile(EvaluatedPicture picture) =>
        string.Create(CultureInfo.InvariantCulture, $"samples/{picture.Item.Picture:00000}.png");

    [GeneratedRegex(@"[0-9]+[/\\]samples[/\\][0-9]+\.png$")]
    private static partial Regex PictureFile();
}
