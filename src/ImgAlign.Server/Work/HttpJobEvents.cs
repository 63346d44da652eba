using System.Net.Http.Headers;
using System.Net.Http.Json;
using ImgAlign.Server.Jobs;
using Microsoft.Extensions.Logging;

namespace ImgAlign.Server.Work;

/// <summary>The server that has started this process.</summary>
internal sealed partial class HttpJobEvents : IJobEvents, IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly HttpClient client;
    private readonly ILogger<HttpJobEvents> logger;

    public HttpJobEvents(Uri server, string? token, ILogger<HttpJobEvents> logger)
    {
        this.logger = logger;
        client = new HttpClient { BaseAddress = server, Timeout = Patience };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
    }

    public async Task<bool> PublishAsync(Job job, IReadOnlyList<JobEvent> events)
    {
        try
        {
            using var answer = await client.PostAsJsonAsync($"api/worker/jobs/{job.Id}/events", events, ServerJson.Options);
            answer.EnsureSuccessStatusCode();
            return true;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            NotTaken(job.Id, exception.Message);
            return false;
        }
    }

    public void Dispose() => client.Dispose();

    [LoggerMessage(LogLevel.Warning, "Job {Id}: the server did not take its progress: {Reason}")]
    private partial void NotTaken(string id, string reason);
}
