using System.Text.Json;
using System.Text.Json.Serialization;

namespace ImgAlign.Networks.Sdxl;

/// <summary>Reads a whole number, or a list of them, as a list.</summary>
internal sealed class OneOrManyConverter : JsonConverter<IReadOnlyList<int>>
{
    public override IReadOnlyList<int> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        List(JsonElement.ParseValue(ref reader));

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<int> value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value, options);

    /// <exception cref="JsonException">It is something else. Without a message, the reader says where.</exception>
    internal static int[] List(JsonElement value) =>
        value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray().Select(Number)] : [Number(value)];

    private static int Number(JsonElement value) =>
        value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : throw new JsonException();
}
