using System.ClientModel;
using System.Net;
using System.Net.ServerSentEvents;
using System.Text;
using System.Text.Json;
using ImgAlign.DependencyInjection;
using ImgAlign.Imaging;
using Microsoft.Extensions.DependencyInjection;
using OpenAI;
using OpenAI.Images;

namespace ImgAlign.Server.Tests;

public sealed class OpenAiTests : IAsyncLifetime
{
    private TestServer server = null!;

    public async Task InitializeAsync() => server = await TestServer.StartAsync();

    public async Task DisposeAsync() => await server.DisposeAsync();

    private OpenAIClient Client =>
        new(
            new ApiKeyCredential("any"),
            new OpenAIClientOptions
            {
                Endpoint = new Uri(server.Address, "v1"),
                RetryPolicy = new System.ClientModel.Primitives.ClientRetryPolicy(0),
            }
        );

    private ImageClient Images => Client.GetImageClient("colour");

    [Fact]
    public async Task The_official_client_generates()
    {
        var pictures = (
            await Images.GenerateImagesAsync("a red house", 2, new ImageGenerationOptions { Size = new GeneratedImageSize(40, 24) })
        ).Value;
        Assert.Equal(2, pictures.Count);
        Assert.All(
            pictures,
            static picture => Assert.Equal(new ImageSize(40, 24), ImageFile.Decode(picture.ImageBytes.ToMemory(), "a").Size)
        );
        Assert.NotEqual(pictures[0].ImageBytes.ToArray(), pictures[1].ImageBytes.ToArray());
    }

    [Fact]
    public async Task The_official_client_gets_addresses_where_it_asks_for_them()
    {
        var options = new ImageGenerationOptions { ResponseFormat = GeneratedImageFormat.Uri };
        var picture = (await Images.GenerateImageAsync("red", options)).Value;
        Assert.Equal(new ImageSize(32, 32), ImageFile.Decode(await server.Client.GetByteArrayAsync(picture.ImageUri), "a").Size);
    }

    [Fact]
    public async Task The_official_client_edits()
    {
        var given = (await Images.GenerateImageAsync("a red house")).Value.ImageBytes;
        var edited = (await Images.GenerateImageEditAsync(given.ToStream(), "given.png", "a red house")).Value;
        Assert.NotEqual(given.ToArray(), edited.ImageBytes.ToArray());
    }

    [Fact]
    public async Task The_official_client_lists_models()
    {
        var models = (await Client.GetOpenAIModelClient().GetModelsAsync()).Value;
        Assert.Equal("colour", Assert.Single(models).Id);
        Assert.Equal("imgalign", (await Client.GetOpenAIModelClient().GetModelAsync("colour")).Value.OwnedBy);
    }

    [Fact]
    public async Task The_official_client_sees_what_is_wrong()
    {
        var unknown = await Assert.ThrowsAsync<ClientResultException>(() => Client.GetImageClient("nobody").GenerateImageAsync("red"));
        Assert.Equal(404, unknown.Status);
        Assert.Contains("There is no model 'nobody' here", unknown.Message, StringComparison.Ordinal);
        var size = new ImageGenerationOptions { Size = new GeneratedImageSize(9000, 9000) };
        Assert.Equal(400, (await Assert.ThrowsAsync<ClientResultException>(() => Images.GenerateImageAsync("red", size))).Status);
    }

    [Theory]
    [InlineData("jpeg", new byte[] { 0xFF, 0xD8 })]
    [InlineData("webp", new byte[] { (byte)'R', (byte)'I' })]
    public async Task Formats_are_written(string format, byte[] start)
    {
        using var answer = await PostAsync($$"""{"prompt":"red","output_format":"{{format}}","output_compression":50}""");
        var data = (await JsonAsync(answer)).GetProperty("data")[0].GetProperty("b64_json").GetBytesFromBase64();
        Assert.Equal(start, data[..2]);
    }

    [Theory]
    [InlineData("""{"prompt":"red","n":0}""", "n")]
    [InlineData("""{}""", "prompt")]
    [InlineData("""{"prompt":"red","size":"big"}""", "size")]
    [InlineData("""{"prompt":"red","background":"transparent"}""", "background")]
    [InlineData("""{"prompt":"red","output_format":"tiff"}""", "output_format")]
    [InlineData("""{"prompt":"red","partial_images":1}""", "partial_images")]
    [InlineData("""{"prompt":"red","num_inference_steps":0}""", "num_inference_steps")]
    public async Task Values_that_cannot_be_met_are_named(string body, string param)
    {
        using var answer = await PostAsync(body);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Equal(param, (await JsonAsync(answer)).GetProperty("error").GetProperty("param").GetString());
    }

    [Theory]
    [InlineData("v1/nothing")]
    [InlineData("v1/models/nobody")]
    public async Task Everything_below_v1_answers_in_the_envelope(string path)
    {
        using var answer = await server.Client.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.Equal("invalid_request_error", (await JsonAsync(answer)).GetProperty("error").GetProperty("type").GetString());
    }

    /// <summary>All requests that OpenAI's Python client was seen to send, against the tiny checkpoints.</summary>
    [Fact]
    public async Task Recorded_requests_are_answered_in_the_recorded_shapes()
    {
        // Steps enough for more previews than a client asks for: a server leaves out those that the next ones overtake.
        await using var tiny = await TestServer.StartAsync(
            static options => (options.ModelId, options.DefaultSteps) = ("sdxl", 24),
            TinyModels.Add
        );
        await using var locked = await TestServer.StartAsync(static options => options.Key = "secret", withWorker: false);
        await using var full = await TestServer.StartAsync(
            static options => (options.ModelId, options.QueueLimit) = ("sdxl", 0),
            withWorker: false
        );
        using var recorded = JsonDocument.Parse(await File.ReadAllBytesAsync(Path.Combine(AppContext.BaseDirectory, "recorded.json")));
        foreach (var scenario in recorded.RootElement.GetProperty("scenarios").EnumerateArray())
        {
            var name = scenario.GetProperty("name").GetString()!;
            var exchange = scenario.GetProperty("exchanges")[0];
            using var request = RecordedRequest.Read(exchange);
            var server = name switch
            {
                "no-key" => locked,
                "too-many" or "too-many-for-good" => full,
                _ => tiny,
            };
            using var answer = await server.Client.SendAsync(request);
            var body = await answer.Content.ReadAsStringAsync();
            switch (name)
            {
                case "edit-two-and-mask" or "bad-request":
                    Assert.Equal(
                        (HttpStatusCode.BadRequest, name == "bad-request" ? "n" : "mask"),
                        (answer.StatusCode, Error(body, "param"))
                    );
                    break;
                case "no-model":
                    Assert.Equal((HttpStatusCode.NotFound, "model_not_found"), (answer.StatusCode, Error(body, "code")));
                    break;
                case "model":
                    Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode); // it asks for shapeworld
                    break;
                case "no-key" or "too-many" or "too-many-for-good":
                    Assert.Equal(exchange.GetProperty("answer").GetProperty("status").GetInt32(), (int)answer.StatusCode);
                    Assert.Equal(name != "no-key", answer.Headers.RetryAfter is not null);
                    RecordedRequest.CheckShape(name, exchange.GetProperty("answer"), body);
                    break;
                default:
                    Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{name}: {body}");
                    RecordedRequest.CheckShape(name, exchange.GetProperty("answer"), body);
                    break;
            }
        }

        static string? Error(string body, string field) =>
            JsonDocument.Parse(body).RootElement.GetProperty("error").GetProperty(field).GetString();
    }

    [Theory]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("much")]
    public async Task A_field_of_a_form_that_is_no_number_of_json_is_refused(string guidance)
    {
        var picture = ImageFile.EncodePng(new RgbImage(1, 1, new byte[3]));
        using var form = new MultipartFormDataContent
        {
            { new StringContent("red"), "prompt" },
            { new StringContent(guidance), "guidance_scale" },
            { new ByteArrayContent(picture), "image", "image.png" },
        };
        using var answer = await server.Client.PostAsync("v1/images/edits", form);
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task An_error_in_a_stream_is_an_event()
    {
        using var answer = await PostAsync("""{"prompt":"red","stream":true,"num_inference_steps":100000}""");
        await using var stream = await answer.Content.ReadAsStreamAsync();
        var item = Assert.Single(SseParser.Create(stream).Enumerate());
        Assert.Equal("error", item.EventType);
        Assert.Equal(
            "num_inference_steps",
            JsonSerializer.Deserialize<JsonElement>(item.Data).GetProperty("error").GetProperty("param").GetString()
        );
    }

    private Task<HttpResponseMessage> PostAsync(string body) =>
        server.Client.PostAsync("v1/images/generations", new StringContent(body, Encoding.UTF8, "application/json"));

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage answer) =>
        JsonSerializer.Deserialize<JsonElement>(await answer.Content.ReadAsStringAsync());
}
