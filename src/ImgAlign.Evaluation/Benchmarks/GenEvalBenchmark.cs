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

    internal override void Export(IReadOnlyList<EvaluatedPicture> pictures, string folder)
    {
        foreach (var picture in pictures)
        {
            var ofPrompt = Path.Combine(folder, picture.Item.Prompt.Id);
            Directory.CreateDirectory(Path.Combine(ofPrompt, "samples"));
            File.WriteAllText(Path.Combine(ofPrompt, "metadata.jsonl"), picture.Item.Prompt.Source);
            ExportedPicture.WritePng(
                picture,
                Path.Combine(ofPrompt, "samples", string.Create(CultureInfo.InvariantCulture, $"{picture.Item.Picture:00000}.png"))
            );
        }
    }

    internal override IReadOnlyList<double?> Import(string path, IReadOnlyList<EvaluatedPicture> pictures)
    {
        var results = BenchmarkFiles
            .ReadLines(
                BenchmarkFiles.Find(path, "results.jsonl"),
                static line => (Match: PictureFile().Match(line.Text("filename")), IsCorrect: line.GetProperty("correct").GetBoolean())
            )
            .Where(static result => result.Match.Success)
            .ToDictionary(
                static result => (Number(result.Match.Groups["prompt"]), Number(result.Match.Groups["picture"])),
                static result => result.IsCorrect ? 1.0 : 0
            );
        return
        [
            .. pictures.Select(picture =>
                results.TryGetValue((int.Parse(picture.Item.Prompt.Id, CultureInfo.InvariantCulture), picture.Item.Picture), out var score)
                    ? score
                    : default(double?)
            ),
        ];
    }

    private static int Number(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"(?<prompt>\d+)[/\\]samples[/\\](?<picture>\d+)\.png$")]
    private static partial Regex PictureFile();
}
