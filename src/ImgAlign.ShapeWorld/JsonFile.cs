using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Checkpoints;

namespace ImgAlign.ShapeWorld;

/// <summary>JSON files in the spelling of published checkpoints: properties in snake case, read back by <see cref="ConfigFile"/>.</summary>
internal static class JsonFile
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        IgnoreReadOnlyProperties = true, // what follows from the others
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        WriteIndented = true,
    };

    /// <summary>The object that a record is written as.</summary>
    public static Dictionary<string, JsonElement> Fields<T>(T value) =>
        JsonSerializer
            .SerializeToElement(value, Options)
            .EnumerateObject()
            .ToDictionary(static property => property.Name, static property => property.Value);

    /// <summary>Writes a file; an older one is replaced only by a complete one.</summary>
    public static void Write<T>(string path, T value) => AtomicFile.Write(path, file => JsonSerializer.Serialize(file, value, Options));
}
