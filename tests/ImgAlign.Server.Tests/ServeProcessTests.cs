using System.Net.ServerSentEvents;
using System.Runtime.Versioning;
using System.Text.Json;
using ImgAlign.Server.Jobs;
using ImgAlign.Tests;

namespace ImgAlign.Server.Tests;

[SupportedOSPlatform("linux")]
public sealed class ServeProcessTests : IDisposable
{
    private const string Prompt = "a red circle left of a blue square";

    // Long enough to be killed in the middle.
    private static readonly object Long = new
    {
        prompt = Prompt,
        seed = 1,
        rounds = 4,
        count = 2,
        steps = 50,
    };

    private static readonly object Short = new
    {
        prompt = Prompt,
        seed = 2,
        rounds = 0,
        steps = 4,
    };

    private readonly string data = Directory.CreateTempSubdirectory("imgalign-serve-").FullName;

    public void Dispose() => Directory.Delete(data, recursive: true);

    [Fact]
    public Task Sqlite_survives_the_death_of_a_worker() => Survives_the_death_of_a_worker(postgres: null);

    [PostgresFact]
    public Task Postgres_survives_the_death_of_a_worker() => Survives_the_death_of_a_worker(Postgres.NewConnection());

    private async Task Survives_the_death_of_a_worker(string? postgres)
    {
        using var server = await ServeProcess.StartAsync(data, postgres);
        var job = await server.SubmitAsync(Long);
        var next = await server.SubmitAsync(Short);
        await server.UntilAsync(job.Id, static running => running.Progress is not null);
        ServeProcess.Kill(Assert.Single(server.Workers));
        await server.UntilAsync(job.Id, static again => again is { Attempt: 2, State: JobState.Running }, TimeSpan.FromSeconds(15));
        job = await server.UntilAsync(job.Id, static ended => ended.IsFinished);
        next = await server.UntilAsync(next.Id, static ended => ended.IsFinished);
        Assert.Equal((JobState.Succeeded, JobState.Succeeded), (job.State, next.State));
        Assert.True(job.FinishedAt <= next.StartedAt, "the order was not kept");
        foreach (var file in job.Result!.Pictures.SelectMany(static picture => picture.Files))
            Assert.NotEmpty(await server.Client.GetByteArrayAsync(file));
    }

    [Fact]
    public async Task Workers_align_with_the_models_of_the_configuration()
    {
        using var server = await ServeProcess.StartAsync(data, configuration: Path.Combine(TinyModels.Root, "samples", "tiny.json"));
        var job = await SucceedAsync(server, rounds: 1);
        Assert.Single(Assert.Single(job.Result!.Pictures).Candidates);
    }

    [Fact]
    public async Task A_worker_without_an_aligner_generates()
    {
        var golden = Path.Combine(TinyModels.Root, "tests", "golden");
        var models = new
        {
            Sdxl = new { ModelPath = Path.Combine(golden, "sdxl", "checkpoint"), ImagePromptPath = Path.Combine(golden, "sdxl", "ckpts") },
            Llava = new { ModelPath = Path.Combine(golden, "mllm", "llava-hf") },
        };
        var configuration = Path.Combine(data, "models.json");
        await File.WriteAllTextAsync(configuration, JsonSerializer.Serialize(new { ImgAlign = models }));
        using var server = await ServeProcess.StartAsync(data, workers: 0);
        using var worker = new WorkProcess(data, "--config", configuration);
        await SucceedAsync(server, rounds: 0);
    }

    private static async Task<Job> SucceedAsync(ServeProcess server, int rounds)
    {
        var job = await server.SubmitAsync(
            new
            {
                prompt = Prompt,
                rounds,
                steps = 2,
            }
        );
        job = await server.UntilAsync(job.Id, static ended => ended.IsFinished);
        Assert.True(job.State == JobState.Succeeded, job.Error?.Message);
        return job;
    }

    [Fact]
    public Task Sqlite_survives_the_death_of_the_server() => Survives_the_death_of_the_server(postgres: null);

    [PostgresFact]
    public Task Postgres_survives_the_death_of_the_server() => Survives_the_death_of_the_server(Postgres.NewConnection());

    private async Task Survives_the_death_of_the_server(string? postgres)
    {
        Job running,
            waiting;
        using (var server = await ServeProcess.StartAsync(data, postgres))
        {
            running = await server.SubmitAsync(Long);
            waiting = await server.SubmitAsync(Short);
            await server.UntilAsync(running.Id, static job => job.Progress is not null);
            var workers = server.Workers;
            server.Kill();
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
            while (workers.Any(static id => Directory.Exists($"/proc/{id}")))
                await Task.Delay(100, patience.Token); // workers end with their server
        }
        using var again = await ServeProcess.StartAsync(data, postgres);
        foreach (var job in new[] { running, waiting })
            Assert.Equal(JobState.Succeeded, (await again.UntilAsync(job.Id, static ended => ended.IsFinished)).State);
    }

    [Fact]
    public async Task What_a_worker_elsewhere_told_while_the_server_was_away_is_told_by_the_next_one()
    {
        using var worker = new WorkProcess(data);
        Job job;
        using (var server = await ServeProcess.StartAsync(data, workers: 0))
        {
            var endless = new
            {
                prompt = Prompt,
                rounds = 10,
                count = 10,
                steps = 50,
                previews = 5,
            };
            job = await server.SubmitAsync(endless);
            await server.UntilAsync(job.Id, static running => running.Progress is not null);
            server.Kill();
        }
        var told = Path.Combine(data, "jobs", job.Id);
        using var patience = new CancellationTokenSource(ServeProcess.Patience);
        while (!Directory.Exists(told) || !Directory.EnumerateFiles(told, "*.json", SearchOption.AllDirectories).Any())
            await Task.Delay(100, patience.Token);
        using var next = await ServeProcess.StartAsync(data, workers: 0);
        var missing = new HashSet<string> { "state", "progress", "preview", "picture", "candidate" };
        await using var stream = await next.Client.GetStreamAsync($"api/jobs/{job.Id}/events", patience.Token);
        await foreach (var happened in SseParser.Create(stream).EnumerateAsync(patience.Token))
        {
            missing.Remove(happened.EventType);
            if (missing.Count == 0)
                break;
        }
        Assert.Empty(missing);
    }

    [Fact]
    public async Task An_address_of_others_without_a_key_is_refused()
    {
        var failure = await Assert.ThrowsAsync<InvalidOperationException>(() => ServeProcess.StartAsync(data, host: "0.0.0.0"));
        Assert.Equal("The server did not start.", failure.Message);
    }
}
