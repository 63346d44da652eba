using System.Text.Json;
using System.Text.Json.Serialization;

namespace ImgAlign.Networks.Sdxl;

/// <summary>Reads a number, or a list of numbers or of lists of numbers, as a list of lists.</summary>
internal sealed class NestedCountsConverter : JsonConverter<IReadOnlyList<IReadOnlyList<int>>>
{
    public override IReadOnlyList<IReadOnlyList<int>> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var value = JsonElement.ParseValue(ref reader);
        return value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray().Select(OneOrManyConverter.List)]
            : [OneOrManyConverter.List(value)];
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<IReadOnlyList<int>> value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value, options);
}
