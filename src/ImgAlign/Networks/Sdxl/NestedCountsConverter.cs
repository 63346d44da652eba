using System.Text.Json;
using System.Text.Json.Serialization;

namespace ImgAlign.Networks.Sdxl;

/// <summary>Reads a number, or a list of numbers or of lists of numbers, as a list of lists.</summary>
internal sealed class NestedCountsConverter : JsonConverter<IReadOnlyList<IReadOnlyList<int>>>
{
    public override IReadOnlyList<IReadOnlyList<int>> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Number) return [[reader.GetInt32()]];
        var blocks = JsonSerializer.Deserialize<JsonElement[]>(ref reader, options)!;
        return [.. blocks.Select(block => block.ValueKind == JsonValueKind.Number ? [block.GetInt32()] : block.Deserialize<int[]>(options)!)];
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<IReadOnlyList<int>> value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value, options);
}
