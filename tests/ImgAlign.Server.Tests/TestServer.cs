using System.Net.Http.Json;
using System.Text.Json;
using ImgAlign.DependencyInjection;
using ImgAlign.Server.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ImgAlign.Server.Tests;

/// <summary>A server on a loopback port, with a worker in the same process.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication app;
    private readonly string? folder;

    private TestServer(WebApplication app, string? folder)
    {
        (this.app, this.folder) = (app, folder);
        Address = new Uri(app.Urls.First());
        Client = new HttpClient { BaseAddress = Address };
    }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public IServiceProvider Services => app.Services;

    public static async Task<TestServer> StartAsync(
        Action<ImgAlignServerOptions>? configure = null,
        Action<IServiceCollection>? models = null,
        bool withWorker = true,
        string? data = null
    )
    {
        var folder = data is null ? Directory.CreateTempSubdirectory("imgalign-server-").FullName : null;
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.SetMinimumLevel(LogLevel.Error);
        if (models is null)
            builder.Services.AddColours();
        else
            models(builder.Services);
        builder.Services.AddImgAlignServer(options =>
        {
            options.DataPath = data ?? folder!;
            options.ModelId = "colour";
            configure?.Invoke(options);
        });
        if (withWorker)
            builder.Services.AddImgAlignWorker();
        var app = builder.Build();
        app.MapImgAlign();
        await app.StartAsync();
        return new TestServer(app, folder);
    }

    /// <summary>Posts a job and waits for its end.</summary>
    public async Task<Job> RunAsync(object request) => await FinishAsync((await SubmitAsync(request)).Id);

    public async Task<Job> SubmitAsync(object request)
    {
        using var answer = await Client.PostAsJsonAsync("api/jobs", request);
        Assert.True(answer.StatusCode == System.Net.HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
        return (await answer.Content.ReadFromJsonAsync<Job>(ServerJson.Options))!;
    }

    public async Task<Job> FindAsync(string id) => (await Client.GetFromJsonAsync<Job>($"api/jobs/{id}", ServerJson.Options))!;

    public Task<Job> FinishAsync(string id) => UntilAsync(id, static job => job.IsFinished);

    public async Task<Job> UntilAsync(string id, Func<Job, bool> isReached)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        while (true)
        {
            var job = await FindAsync(id);
            if (isReached(job))
                return job;
            await Task.Delay(50, patience.Token);
        }
    }

    /// <summary>The problem details of an answer.</summary>
    public static async Task<(int Status, string? Code, string? Param)> ProblemAsync(HttpResponseMessage answer)
    {
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync());
        return ((int)answer.StatusCode, Text("code"), Text("param"));

        string? Text(string name) => body.RootElement.TryGetProperty(name, out var value) ? value.GetString() : null;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await app.StopAsync();
        await app.DisposeAsync();
        if (folder is not null)
            Directory.Delete(folder, recursive: true);
    }
}
