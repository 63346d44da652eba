using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using ImgAlign.Imaging;

namespace ImgAlign.Server.Tests;

/// <summary>An exchange of <c>recorded.json</c>: the request to send, and the shape of the answer.</summary>
internal static partial class RecordedRequest
{
    public static HttpRequestMessage Read(JsonElement exchange)
    {
        var path = exchange.GetProperty("path").GetString()!;
        var request = new HttpRequestMessage(new HttpMethod(exchange.GetProperty("method").GetString()!), path);
        if (exchange.TryGetProperty("json", out var json))
            request.Content = new StringContent(Smaller(json.GetRawText()), Encoding.UTF8, "application/json");
        else if (exchange.TryGetProperty("parts", out var parts))
            request.Content = Form(parts);
        return request;
    }

    /// <summary>Holds an answer's fields, or its events and their fields, against those of the recorded one.</summary>
    public static void CheckShape(string name, JsonElement expected, string actual)
    {
        var body = expected.GetProperty("body");
        if (body.ValueKind == JsonValueKind.Object)
        {
            CheckFields(name, body, JsonDocument.Parse(actual).RootElement);
            return;
        }
        var (wanted, got) = (Events(body.GetString()!), Events(actual));
        if (name != "stream-error") // here the server of the recording failed
            Assert.Equal(wanted.Select(static item => item.EventType), got.Select(static item => item.EventType));
        foreach (var (one, other) in wanted.Zip(got).Where(static pair => pair.First.EventType == pair.Second.EventType))
            CheckFields(name, JsonDocument.Parse(one.Data).RootElement, JsonDocument.Parse(other.Data).RootElement);
    }

    private static void CheckFields(string name, JsonElement expected, JsonElement actual)
    {
        foreach (var field in expected.EnumerateObject().Where(static field => field.Name != "revised_prompt"))
        {
            var isThere = actual.TryGetProperty(field.Name, out var value);
            if (!isThere && name == "generate-url" && field.Name is "output_format" or "size" or "usage")
                continue;
            Assert.True(isThere, $"{name}: no {field.Name} in {actual}");
            if (field.Name == "b64_json")
                ImageFile.Decode(value.GetBytesFromBase64(), name);
            else
                Assert.Equal(field.Value.ValueKind, value.ValueKind);
            if (field.Value.ValueKind == JsonValueKind.Object)
                CheckFields(name, field.Value, value);
            if (field.Value.ValueKind == JsonValueKind.Array)
                foreach (var (one, other) in field.Value.EnumerateArray().Zip(value.EnumerateArray()))
                    CheckFields(name, one, other);
        }
    }

    private static List<SseItem<string>> Events(string text) =>
        [.. SseParser.Create(new MemoryStream(Encoding.UTF8.GetBytes(text))).Enumerate()];

    private static MultipartFormDataContent Form(JsonElement parts)
    {
        var picture = ImageFile.EncodePng(new RgbImage(16, 16, new byte[768]));
        var form = new MultipartFormDataContent();
        foreach (var part in parts.EnumerateArray())
        {
            var headers = part.GetProperty("headers").GetString()!;
            HttpContent content = headers.Contains("filename", StringComparison.Ordinal)
                ? new ByteArrayContent(picture)
                : new StringContent(Smaller(part.GetProperty("body").GetString()!));
            content.Headers.ContentType = headers.Contains("filename", StringComparison.Ordinal)
                ? new MediaTypeHeaderValue("image/png")
                : null;
            content.Headers.TryAddWithoutValidation("Content-Disposition", Disposition().Match(headers).Groups[1].Value);
            form.Add(content);
        }
        return form;
    }

    // The size that the client asked for takes the tiny networks minutes.
    private static string Smaller(string text) => text.Replace("1024x1024", "64x64", StringComparison.Ordinal);

    [GeneratedRegex("Content-Disposition: ([^\r\n]*)")]
    private static partial Regex Disposition();
}
