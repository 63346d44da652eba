using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace ImgAlign.Checkpoints;

/// <summary>
/// Reads a published <c>config.json</c> into a record whose property names are the file's in C# spelling (<c>hidden_size</c> is
/// <c>HiddenSize</c>). Fields that the file leaves out keep the record's defaults, as in transformers and diffusers; unknown fields are
/// ignored.
/// </summary>
public static partial class ConfigFile
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        NumberHandling = JsonNumberHandling.Strict,
        RespectNullableAnnotations = true,
        AllowTrailingCommas = true,
    };

    /// <summary>Reads a file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing, is not JSON, or a field has a value of another kind than
    /// expected.</exception>
    public static T Read<T>(string path) => Parse<T>(ReadJson(path), path);

    /// <summary>Reads a part of a file that is already open.</summary>
    /// <param name="json">The object with the fields.</param>
    /// <param name="source">The file, for messages.</param>
    /// <exception cref="ImgAlignException">A field has a value of another kind than expected.</exception>
    public static T Parse<T>(JsonElement json, string source)
    {
        try
        {
            return json.Deserialize<T>(Options)
                ?? throw new ImgAlignException($"{source}: a configuration is expected, but null was found.");
        }
        catch (JsonException exception)
        {
            var problem = IsNull(json, exception.Path) ? "is null, but a value is needed" : $"does not hold what a {typeof(T).Name} needs";
            throw new ImgAlignException($"{source}: field {exception.Path} {problem}; is this the model's own config.json?", exception);
        }
    }

    /// <summary>Opens a JSON file.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="ImgAlignException">The file is missing or is not JSON.</exception>
    public static JsonElement ReadJson(string path)
    {
        if (Directory.Exists(path))
            throw new ImgAlignException($"{path}: this is a folder, but a JSON file is needed.");
        if (!File.Exists(path))
            throw new ImgAlignException($"{path}: the file is missing; a model's folder holds its configuration beside its weights.");
        try
        {
            return ParseJson(File.ReadAllText(path));
        }
        catch (JsonException exception)
        {
            throw new ImgAlignException($"{path}: not valid JSON (line {exception.LineNumber + 1}); download the file again.", exception);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ImgAlignException(
                $"{path}: the file cannot be read ({exception.Message.TrimEnd('.')}); look at its permissions.",
                exception
            );
        }
    }

    /// <summary>
    /// Reads JSON as Python writes it, where numbers may be <c>NaN</c>, <c>Infinity</c> and <c>-Infinity</c>. They become texts of these
    /// names, so that files with them can be read, and a field that needs a number is still an error.
    /// </summary>
    /// <exception cref="JsonException">It is not even that.</exception>
    public static JsonElement ParseJson(string text)
    {
        try
        {
            return Parse(text);
        }
        catch (JsonException) when (text.Contains("NaN", StringComparison.Ordinal) || text.Contains("Infinity", StringComparison.Ordinal))
        {
            return Parse(TextOrNotFinite().Replace(text, static match => match.Value[0] == '"' ? match.Value : $"\"{match.Value}\""));
        }

        static JsonElement Parse(string text)
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { AllowTrailingCommas = true });
            return document.RootElement.Clone();
        }
    }

    private static bool IsNull(JsonElement json, string? path)
    {
        foreach (var name in (path ?? "").Split('.').Skip(1))
        {
            if (json.ValueKind != JsonValueKind.Object || !json.TryGetProperty(name, out json))
                return false;
        }
        return json.ValueKind == JsonValueKind.Null;
    }

    // Texts are matched as a whole, so that nothing in them is taken for a number.
    [GeneratedRegex(
        """
            "(?:[^"\\]|\\.)*"|-?Infinity|NaN
            """
    )]
    private static partial Regex TextOrNotFinite();
}
