using System.Text.Json;
using System.Text.Json.Serialization;

namespace ImgAlign.Networks.Sdxl;

/// <summary>Reads a number, or a list of numbers, as a list.</summary>
internal sealed class OneOrManyConverter : JsonConverter<IReadOnlyList<int>>
{
    public override IReadOnlyList<int> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number ? [reader.GetInt32()] : JsonSerializer.Deserialize<int[]>(ref reader, options)!;

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<int> value, JsonSerializerOptions options) =>
        JsonSerializer.Serialize(writer, value, options);
}
