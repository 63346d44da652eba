using System.Text;
using ImgAlign.Checkpoints;
using static ImgAlign.Evaluation.Reports.HtmlText;

namespace ImgAlign.Evaluation.Reports;

/// <summary>All pictures on one sheet, a row a prompt and a column an arm, as a page that needs no network.</summary>
internal static class ContactSheetPage
{
    /// <summary>Writes the page.</summary>
    /// <param name="path">The file, in the evaluation's folder.</param>
    /// <param name="result">What was made.</param>
    public static void Write(string path, EvaluationResult result)
    {
        List<string> files = [.. result.Pictures.Select(static picture => picture.Picture?.File).OfType<string>().Distinct()];
        var thumbnails = files.Zip(Thumbnails.Make(files)).ToDictionary();
        var heads = string.Concat(result.Arms.Select(static arm => $"<th>{Escape(arm.Name)}</th>"));
        var rows = result
            .Pictures.GroupBy(static picture => (picture.Item.Prompt, picture.Item.Picture))
            .Select(row =>
                $"<tr><th>{Escape(row.Key.Prompt.Prompt)}</th>{string.Concat(row.Select(picture => $"<td>{Cell(picture)}</td>"))}</tr>"
            );
        var page = $$"""
            <!DOCTYPE html>
            <html lang="en">
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>Contact sheet</title>
            <style>
            body { font-family: system-ui, sans-serif; margin: 1em; overflow-x: auto; }
            th { font-size: .85em; max-width: 12em; position: sticky; top: 0; background: #fff; }
            img { width: 9em; image-rendering: pixelated; display: block; }
            td { font-size: .75em; vertical-align: top; max-width: 12em; overflow-wrap: anywhere; }
            </style>
            <table><thead><tr><th></th>{{heads}}</tr></thead><tbody>{{string.Concat(rows)}}</tbody></table>
            </html>
            """;
        AtomicFile.Write(path, file => file.Write(Encoding.UTF8.GetBytes(page)));

        string Cell(Running.EvaluatedPicture picture)
        {
            var scores = string.Concat(picture.Scores.Select(static score => $"{Escape(score.Key)} {Number(score.Value)}<br>"));
            var image = picture.Picture is { } chosen
                ? $"<a href=\"{Escape(result.LinkTo(chosen.File))}\"><img alt=\"\" src=\"{thumbnails[chosen.File]}\"></a>"
                : "";
            return $"{image}{scores}{Escape(picture.Failure ?? "")}";
        }
    }
}
