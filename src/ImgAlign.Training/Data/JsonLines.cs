using System.Text;
using System.Text.Json;
using ImgAlign.Checkpoints;

namespace ImgAlign.Training.Data;

/// <summary>Files with one JSON object a line.</summary>
internal static class JsonLines
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    /// <summary>Reads the lines one after the other.</summary>
    /// <exception cref="ImgAlignException">The file is missing, or, when it is read, a line is no such object.</exception>
    public static IEnumerable<T> Read<T>(string path)
    {
        if (!File.Exists(path))
            throw new ImgAlignException($"{path}: the file is missing; a data folder holds it, with one JSON object a line.");
        return File.ReadLines(path)
            .Index()
            .Where(static line => !string.IsNullOrWhiteSpace(line.Item))
            .Select(line => Parse<T>(line.Item, path, line.Index + 1));
    }

    /// <summary>Writes all lines, or nothing.</summary>
    public static void Write<T>(string path, IEnumerable<T> items) =>
        AtomicFile.Write(
            path,
            file =>
            {
                foreach (var item in items)
                    file.Write(Encoding.UTF8.GetBytes(JsonSerializer.Serialize(item, Options) + "\n"));
            }
        );

    private static T Parse<T>(string line, string path, int number)
    {
        try
        {
            return JsonSerializer.Deserialize<T>(line, Options) ?? throw new JsonException("null");
        }
        catch (JsonException exception)
        {
            var fields = string.Join(
                ", ",
                typeof(T).GetProperties().Select(property => JsonNamingPolicy.CamelCase.ConvertName(property.Name))
            );
            throw new ImgAlignException($"{path}: line {number} is not a JSON object with the fields {fields}.", exception);
        }
    }
}
