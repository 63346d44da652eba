using System.Text.Json;

namespace ImgAlign.Evaluation.Benchmarks;

/// <summary>Reads files of benchmarks, and says in a sentence what is wrong with one.</summary>
internal static class BenchmarkFiles
{
    /// <summary>A file, or the file of a name in a folder.</summary>
    /// <exception cref="ImgAlignException">It is not there.</exception>
    public static string Find(string path, string name)
    {
        var file = Directory.Exists(path) ? Path.Combine(path, name) : path;
        return File.Exists(file)
            ? file
            : throw new ImgAlignException($"{file}: there is no such file; give {name}, or the folder with it.");
    }

    /// <summary>The values of a file with one JSON value a line.</summary>
    /// <exception cref="ImgAlignException">A line is not as it should be.</exception>
    public static IReadOnlyList<T> ReadLines<T>(string file, Func<JsonElement, T> read) =>
        [
            .. File.ReadLines(file)
                .Index()
                .Where(static line => !string.IsNullOrWhiteSpace(line.Item))
                .Select(line => Parse($"{file}: line {line.Index + 1}", line.Item, read)),
        ];

    /// <summary>The value of a JSON file.</summary>
    /// <exception cref="ImgAlignException">It is not as it should be.</exception>
    public static T Read<T>(string file, Func<JsonElement, T> read) => Parse(file, File.ReadAllText(file), read);

    /// <summary>Results by what they are of.</summary>
    /// <exception cref="ImgAlignException">Two are of the same.</exception>
    public static Dictionary<TKey, TResult> EachOnce<TKey, TResult>(string file, IEnumerable<KeyValuePair<TKey, TResult>> results)
        where TKey : notnull
    {
        var each = new Dictionary<TKey, TResult>();
        foreach (var (key, result) in results)
        {
            if (!each.TryAdd(key, result))
                throw new ImgAlignException($"{file}: there are two results of '{key}'; leave only one in it.");
        }
        return each;
    }

    /// <summary>The value of a property.</summary>
    public static JsonElement Value(this JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) ? value : throw new JsonException($"'{name}' is missing");

    /// <summary>The text of a property.</summary>
    public static string Text(this JsonElement element, string name) =>
        element.Value(name).GetString() ?? throw new JsonException($"'{name}' is null");

    /// <summary>The two texts of an array of two.</summary>
    public static (string First, string Second) Pair(this JsonElement element) =>
        element.EnumerateArray().Select(static item => item.GetString()).ToArray() is [{ } first, { } second]
            ? (first, second)
            : throw new JsonException($"'{element}' is not an array of two texts");

    private static T Parse<T>(string place, string text, Func<JsonElement, T> read)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return read(document.RootElement);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or FormatException)
        {
            throw new ImgAlignException($"{place}: not as the benchmark's file is ({exception.Message.TrimEnd('.')}).", exception);
        }
    }
}
