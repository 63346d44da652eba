using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace ImgAlign.Server;

/// <summary>How JSON is written and read.</summary>
internal static class ServerJson
{
    /// <summary>Of our own API: unknown fields are refused, so that a misspelt one is not left aside in silence.</summary>
    public static JsonSerializerOptions Options { get; } = Create(JsonNamingPolicy.CamelCase);

    /// <summary>Of the OpenAI API.</summary>
    public static JsonSerializerOptions OpenAi { get; } = Create(JsonNamingPolicy.SnakeCaseLower);

    public static string Write<T>(T value) => JsonSerializer.Serialize(value, Options);

    public static T? Read<T>(string? text)
        where T : class => text is null ? null : JsonSerializer.Deserialize<T>(text, Options);

    private static JsonSerializerOptions Create(JsonNamingPolicy naming) =>
        new(JsonSerializerDefaults.Web)
        {
            PropertyNamingPolicy = naming,
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            NumberHandling = JsonNumberHandling.Strict,
            Encoder = JavaScriptEncoder.Default,
        };
}

/// <summary>Writes an enumeration as its names.</summary>
internal sealed class EnumNames<T>() : JsonStringEnumConverter<T>(JsonNamingPolicy.CamelCase, allowIntegerValues: false)
    where T : struct, Enum;
