using System.Collections.Concurrent;
using System.Net.ServerSentEvents;
using System.Text.Json;
using ImgAlign.Server;
using ImgAlign.Server.Api;
using ImgAlign.Server.Jobs;
using ImgAlign.Server.Tests;

namespace ImgAlign.Benchmarks.Serving;

/// <summary>A server with jobs of its own: clients that send them over HTTP, and someone who kills its workers.</summary>
internal sealed class ServerLoad : IAsyncDisposable
{
    // Of the jobs that end, a worker is killed after so many, and then in the middle of another one.
    private const int FewestJobsToAKill = 8;
    private const int MostJobsToAKill = 32;
    private const int LongestPause = 500;

    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(20);

    private readonly string data;
    private readonly ServeProcess server;
    private int ended;

    private ServerLoad(string data, ServeProcess server) => (this.data, this.server) = (data, server);

    /// <summary>The processor time that the server has taken, and that its workers have.</summary>
    public (TimeSpan Server, TimeSpan Workers) ProcessorTime => server.ProcessorTime;

    /// <summary>Starts a server whose workers have loaded their models and are warm.</summary>
    /// <param name="workers">How many workers.</param>
    /// <param name="warmingJobs">How many jobs they warm up by.</param>
    /// <param name="cancellationToken">Ends the clients.</param>
    public static async Task<ServerLoad> StartAsync(int workers, int warmingJobs, CancellationToken cancellationToken)
    {
        var data = Directory.CreateTempSubdirectory("imgalign-load-").FullName;
        var load = new ServerLoad(data, await ServeProcess.StartAsync(data, workers: workers));
        await load.RunAllAsync(warmingJobs, 2 * workers, cancellationToken);
        foreach (var job in await load.ListAsync(cancellationToken))
            (await load.server.Client.DeleteAsync($"api/jobs/{job.Id}?remove=true", cancellationToken)).EnsureSuccessStatusCode();
        load.ended = 0;
        return load;
    }

    /// <summary>Sends jobs, and follows each to its end.</summary>
    /// <param name="jobs">How many.</param>
    /// <param name="clients">How many clients share them; each has one at a time.</param>
    /// <param name="cancellationToken">Ends the clients.</param>
    public async Task<IReadOnlyList<Job>> RunAllAsync(int jobs, int clients, CancellationToken cancellationToken)
    {
        var done = new ConcurrentBag<Job>();
        await Parallel.ForEachAsync(
            Enumerable.Range(0, jobs),
            new ParallelOptions { MaxDegreeOfParallelism = clients, CancellationToken = cancellationToken },
            async (number, token) =>
            {
                done.Add(await RunAsync(number, token));
                Interlocked.Increment(ref ended);
            }
        );
        return [.. done];
    }

    /// <summary>Sends one job, and follows it to its end.</summary>
    public async Task<Job> RunAsync(int number, CancellationToken cancellationToken)
    {
        var job = await server.SubmitAsync(new { prompt = RoundLoop.PromptOf(number), seed = number });
        await using var stream = await server.Client.GetStreamAsync($"api/jobs/{job.Id}/events", cancellationToken);
        await foreach (var happened in SseParser.Create(stream).EnumerateAsync(cancellationToken))
        {
            if (JsonSerializer.Deserialize<JobEvent>(happened.Data, ServerJson.Options) is StateEvent { Job: { IsFinished: true } last })
                job = last;
        }
        return job;
    }

    /// <summary>Kills workers in the middle of their jobs until it is told to end.</summary>
    /// <returns>How many were killed.</returns>
    public async Task<int> KillWorkersAsync(CancellationToken end)
    {
        var random = new Random(1);
        for (var kills = 0; ; kills++)
        {
            try
            {
                var at = Volatile.Read(ref ended) + random.Next(FewestJobsToAKill, MostJobsToAKill);
                while (Volatile.Read(ref ended) < at || server.Workers.Count == 0)
                    await Task.Delay(Look, end);
                await Task.Delay(random.Next(LongestPause), end);
            }
            catch (OperationCanceledException)
            {
                return kills;
            }
            var workers = server.Workers;
            ServeProcess.Kill(workers[random.Next(workers.Count)]);
        }
    }

    /// <summary>The number of jobs that the history has.</summary>
    public async Task<int> CountAsync(CancellationToken cancellationToken) => (await ListAsync(cancellationToken)).Count;

    public ValueTask DisposeAsync()
    {
        server.Dispose();
        Directory.Delete(data, recursive: true);
        return ValueTask.CompletedTask;
    }

    private async Task<IReadOnlyList<Job>> ListAsync(CancellationToken cancellationToken)
    {
        const int Page = 500;
        var jobs = new List<Job>();
        while (true)
        {
            using var answer = await server.Client.GetAsync($"api/jobs?limit={Page}&offset={jobs.Count}", cancellationToken);
            var text = await answer.EnsureSuccessStatusCode().Content.ReadAsStringAsync(cancellationToken);
            var page = JsonSerializer.Deserialize<JobEndpoints.JobList>(text, ServerJson.Options)!;
            jobs.AddRange(page.Jobs);
            if (!page.More)
                return jobs;
        }
    }
}
