using System.Text.Encodings.Web;
using System.Text.Json;
using ImgAlign.Evaluation.Running;

namespace ImgAlign.Evaluation.Reports;

/// <summary>What <c>report.js</c> shows: all pictures with their scores, as JSON.</summary>
internal static class ReportData
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // + of base64 would become six letters
    };

    /// <summary>The data; nothing in it ends the script that it stands in.</summary>
    public static string Write(EvaluationResult result)
    {
        // Arms share pictures: each is in the page once.
        List<string> files = [.. result.Pictures.Select(static picture => picture.Picture?.File).OfType<string>().Distinct()];
        var places = files.Index().ToDictionary(static file => file.Item, static file => file.Index);
        var data = new
        {
            Arms = result.Arms.Select(static arm => arm.Name),
            result.Scorers,
            Thumbnails = Thumbnails.Make(files),
            Files = files.Select(result.LinkTo),
            Records = files.Select(file => result.LinkTo(Path.Combine(Path.GetDirectoryName(file)!, PictureBatch.RecordFile))),
            Prompts = result
                .Pictures.GroupBy(static picture => (picture.Item.Prompt.Id, picture.Item.Picture))
                .Select(group => new
                {
                    group.Key.Id,
                    group.First().Item.Prompt.Prompt,
                    group.First().Item.Prompt.Category,
                    Pictures = result.Arms.Select(arm => Describe(group.Single(picture => picture.Arm == arm))),
                }),
        };
        return JsonSerializer.Serialize(data, Options).Replace("<", "\\u003c", StringComparison.Ordinal);

        object Describe(EvaluatedPicture picture) =>
            new
            {
                Place = picture.Picture is { } chosen ? places[chosen.File] : default(int?),
                Scores = result.Scorers.Select(scorer => picture.Scores.TryGetValue(scorer, out var score) ? score : default(double?)),
                picture.Picture?.Stored.Seed,
                picture.Failure,
            };
    }
}
