using System.Text.Encodings.Web;
using System.Text.Json;
using ImgAlign.Checkpoints;
using ImgAlign.Evaluation.Running;
using ParquetSharp;
using ParquetSharp.IO;

namespace ImgAlign.Evaluation.Reports;

/// <summary>All scores as files for other programs: a row for every picture of every arm.</summary>
internal static class ScoreFiles
{
    private static readonly JsonSerializerOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Writes <c>scores.jsonl</c> and <c>scores.parquet</c>.</summary>
    public static void Write(EvaluationResult result)
    {
        AtomicFile.Write(Path.Combine(result.Options.Folder, "scores.jsonl"), file => WriteLines(file, result));
        AtomicFile.Write(Path.Combine(result.Options.Folder, "scores.parquet"), file => WriteParquet(file, result));
    }

    private static void WriteLines(Stream file, EvaluationResult result)
    {
        foreach (var picture in result.Pictures)
        {
            JsonSerializer.Serialize(
                file,
                new
                {
                    prompt_id = picture.Item.Prompt.Id,
                    prompt = picture.Item.Prompt.Prompt,
                    category = picture.Item.Prompt.Category,
                    picture = picture.Item.Picture,
                    arm = picture.Arm.Name,
                    seed = picture.Picture?.Stored.Seed,
                    file = FileOf(picture, result),
                    scores = picture.Scores,
                    failure = picture.Failure,
                },
                Options
            );
            file.WriteByte((byte)'\n');
        }
    }

    private static void WriteParquet(Stream stream, EvaluationResult result)
    {
        (Column Column, Action<ColumnWriter> Write)[] columns =
        [
            Of("prompt_id", static picture => picture.Item.Prompt.Id),
            Of("prompt", static picture => picture.Item.Prompt.Prompt),
            Of("category", static picture => picture.Item.Prompt.Category),
            Of("picture", static picture => picture.Item.Picture),
            Of("arm", static picture => picture.Arm.Name),
            Of("seed", static picture => picture.Picture?.Stored.Seed),
            Of("file", picture => FileOf(picture, result)),
            Of("failure", static picture => picture.Failure),
            .. result.Scorers.Select(scorer =>
                Of($"score {scorer}", picture => picture.Scores.TryGetValue(scorer, out var score) ? score : default(double?))
            ),
        ];
        using var output = new ManagedOutputStream(stream, leaveOpen: true);
        using var file = new ParquetFileWriter(output, [.. columns.Select(static column => column.Column)]);
        using (var rows = file.AppendRowGroup())
        {
            foreach (var (_, write) in columns)
                write(rows.NextColumn());
        }
        file.Close();

        (Column Column, Action<ColumnWriter> Write) Of<T>(string name, Func<EvaluatedPicture, T> value) =>
            (
                new Column<T>(name),
                column =>
                {
                    using var writer = column.LogicalWriter<T>();
                    writer.WriteBatch([.. result.Pictures.Select(value)]);
                }
            );
    }

    private static string? FileOf(EvaluatedPicture picture, EvaluationResult result) =>
        picture.Picture is { } chosen ? result.LinkTo(chosen.File) : null;
}
