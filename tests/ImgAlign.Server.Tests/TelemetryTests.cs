using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net.Http.Json;
using System.Runtime.Versioning;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ImgAlign.Server.Tests;

/// <summary>What server and worker send to a collector over OTLP.</summary>
[SupportedOSPlatform("linux")]
public sealed class TelemetryTests : IAsyncLifetime
{
    private readonly string data = Directory.CreateTempSubdirectory("imgalign-telemetry-").FullName;
    private readonly ConcurrentQueue<(string Path, byte[] Body)> received = new();
    private WebApplication collector = null!;

    public async Task InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        collector = builder.Build();
        collector.MapPost(
            "/v1/{signal}",
            async (HttpContext context) =>
            {
                using var body = new MemoryStream();
                await context.Request.Body.CopyToAsync(body);
                received.Enqueue((context.Request.Path, body.ToArray()));
            }
        );
        await collector.StartAsync();
    }

    public async Task DisposeAsync()
    {
        await collector.DisposeAsync();
        Directory.Delete(data, recursive: true);
    }

    [Fact]
    public async Task Traces_and_metrics_of_a_job_reach_a_collector_and_the_worker_goes_on_with_the_callers_trace()
    {
        var environment = new Dictionary<string, string?>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Urls.First(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "200",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
        };
        using var server = await ServeProcess.StartAsync(data, environment: environment);
        var trace = ActivityTraceId.CreateRandom();
        using var request = new HttpRequestMessage(HttpMethod.Post, "api/jobs")
        {
            Content = JsonContent.Create(
                new
                {
                    prompt = "a red circle left of a blue square",
                    rounds = 0,
                    steps = 2,
                }
            ),
        };
        request.Headers.Add("traceparent", $"00-{trace}-{ActivitySpanId.CreateRandom()}-01");
        using var answer = await server.Client.SendAsync(request);
        answer.EnsureSuccessStatusCode();

        var traceId = Convert.FromHexString(trace.ToHexString());
        await ReceiveAsync("/v1/traces", "imgalign-server"u8.ToArray(), traceId);
        await ReceiveAsync("/v1/traces", "imgalign-worker"u8.ToArray(), "imgalign.job.id"u8.ToArray(), traceId);
        await ReceiveAsync("/v1/metrics", "imgalign-server"u8.ToArray(), "http.server.request.duration"u8.ToArray());
        await ReceiveAsync("/v1/metrics", "imgalign-worker"u8.ToArray(), "imgalign.job.duration"u8.ToArray());
    }

    // Names and ids stand in protocol buffers as they are.
    private async Task ReceiveAsync(string path, params byte[][] parts)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (!received.Any(sent => sent.Path == path && parts.All(part => sent.Body.AsSpan().IndexOf(part) >= 0)))
        {
            try
            {
                await Task.Delay(100, patience.Token);
            }
            catch (OperationCanceledException)
            {
                Assert.Fail($"Nothing came to {path} with {string.Join(", ", parts.Select(Encoding.UTF8.GetString))}.");
            }
        }
    }
}
