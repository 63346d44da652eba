using System.Globalization;
using System.Text;
using System.Text.Json;
using CsvHelper;

namespace ImgAlign.Cli.Jobs;

/// <summary>
/// A file of prompts: text with one prompt a line, JSON lines, or CSV with a header. The latter two may give each prompt a negative prompt,
/// a seed, a size, a picture and a question of its own.
/// </summary>
internal static class PromptFile
{
    /// <summary>Reads a file; the paths of pictures in it are relative to it.</summary>
    /// <exception cref="ImgAlignException">It cannot be read, or a line of it is wrong; the message names the line.</exception>
    public static IReadOnlyList<PromptRow> Read(string file)
    {
        var path = Path.GetFullPath(file);
        if (!File.Exists(path))
            throw new ImgAlignException($"{path}: there is no such file; --prompts takes a file of prompts.");
        Func<string, IEnumerable<PromptRow>> read = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".txt" => static text => Lines(text).Select(static line => new PromptRow(line.Text)),
            ".jsonl" => text => Lines(text).Select(line => FromJson(line.Text, new FileLine(path, line.Number))),
            ".csv" => text => FromCsv(text, path),
            _ => throw new ImgAlignException($"{path}: a file of prompts is named .txt, .jsonl or .csv by what is in it; rename it."),
        };
        var rows = read(ReadText(path)).ToList();
        return rows.Count > 0 ? rows : throw new ImgAlignException($"{path}: there is no prompt in it.");
    }

    /// <summary>The text of a file.</summary>
    /// <exception cref="ImgAlignException">It is not UTF-8.</exception>
    public static string ReadText(string path)
    {
        try
        {
            return File.ReadAllText(path, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true));
        }
        catch (DecoderFallbackException exception)
        {
            throw new ImgAlignException($"{path}: this is not text in UTF-8; save it as UTF-8.", exception);
        }
    }

    private static IEnumerable<(int Number, string Text)> Lines(string text) =>
        text.ReplaceLineEndings("\n")
            .Split('\n')
            .Select(static (line, index) => (Number: index + 1, Text: line.Trim()))
            .Where(static line => line.Text.Length > 0);

    private static PromptRow FromJson(string text, FileLine line)
    {
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowDuplicateProperties = false });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw line.Error("a JSON object is needed, such as {\"prompt\": \"a cat\"}");
            var given = document.RootElement.EnumerateObject().Where(static property => property.Value.ValueKind != JsonValueKind.Null);
            return PromptRow.Of(given.Select(property => (property.Name, Text(property, line))), line);
        }
        catch (JsonException exception)
        {
            throw line.Error($"not valid JSON: {exception.Message.Split(" LineNumber:")[0].TrimEnd('.')}");
        }
    }

    private static string Text(JsonProperty property, FileLine line)
    {
        PromptRow.RequireKnown(property.Name, line);
        return (property.Value.ValueKind, PromptRow.IsNumber(property.Name)) switch
        {
            (JsonValueKind.String, false) => property.Value.GetString()!,
            (JsonValueKind.Number, true) => property.Value.GetRawText(),
            (_, var number) => throw line.Error(
                $"'{property.Name}' is {property.Value.GetRawText()}; it takes {(number ? "a number" : "a text in quotes")}"
            ),
        };
    }

    private static IEnumerable<PromptRow> FromCsv(string text, string path)
    {
        using var csv = new CsvParser(new StringReader(text), CultureInfo.InvariantCulture);
        if (Fields(csv, path) is not { } names)
            yield break;
        var header = new FileLine(path, csv.RawRow);
        foreach (var name in names)
            PromptRow.RequireKnown(name, header);
        while (Fields(csv, path) is { } fields)
        {
            var line = new FileLine(path, csv.RawRow);
            if (fields.Length != names.Length)
                throw line.Error($"there are {fields.Length} fields, but the header has {names.Length}");
            // An empty field is one that is not given.
            yield return PromptRow.Of(names.Zip(fields).Where(static field => field.Second.Length > 0), line);
        }
    }

    private static string[]? Fields(CsvParser csv, string path)
    {
        try
        {
            return csv.Read() ? csv.Record : null;
        }
        catch (BadDataException)
        {
            throw new FileLine(path, csv.RawRow).Error("not valid CSV; put fields with quotes into quotes, and double those within");
        }
    }
}
