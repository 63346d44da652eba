using System.Net.ServerSentEvents;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace ImgAlign.Server.Api;

/// <summary>
/// Server-sent events, with JSON as their data. In the place of null a comment is sent, which every reader passes over and which keeps
/// proxies from ending a connection that is silent; ASP.NET Core's own result has none.
/// </summary>
/// <param name="items">The events.</param>
/// <param name="json">How their data is written.</param>
internal sealed class EventStream(IAsyncEnumerable<SseItem<object>?> items, JsonSerializerOptions json) : IResult
{
    /// <inheritdoc/>
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache, no-store";
        httpContext.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
        try
        {
            await response.StartAsync(httpContext.RequestAborted); // whoever follows sees at once that there is something to follow
            await foreach (var item in items.WithCancellation(httpContext.RequestAborted))
            {
                var text = item is { } sent
                    ? $"event: {sent.EventType}\ndata: {JsonSerializer.Serialize(sent.Data, json)}\n\n"
                    : ": nothing new\n\n";
                await response.WriteAsync(text, httpContext.RequestAborted);
            }
        }
        catch (OperationCanceledException) when (httpContext.RequestAborted.IsCancellationRequested)
        {
            // Nobody reads any more.
        }
    }
}
