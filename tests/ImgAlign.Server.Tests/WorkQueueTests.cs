using System.Collections.Concurrent;
using System.Net.Http.Json;
using System.Text.Json;
using ImgAlign.Server.Jobs;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Server.Tests;

/// <summary>Work other than pictures in the queue.</summary>
public sealed class WorkQueueTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("imgalign-work-").FullName;

    // Hangfire has one log for the process: that of a server which is gone.
    public WorkQueueTests() => Hangfire.Logging.LogProvider.SetCurrentLogProvider(null);

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Work_is_done_by_workers_and_is_no_part_of_the_history()
    {
        var work = new Echo();
        await using var server = await StartAsync(work);
        using var queue = new WorkQueue(new ImgAlignServerOptions { DataPath = folder });
        var arguments = Enumerable.Range(0, 70).Select(static piece => $"piece {piece}").ToList(); // more than are queued at once
        var running = queue.RunAsync(work.Kind, arguments);
        var history = await server.Client.GetFromJsonAsync<JsonElement>("api/jobs");
        Assert.Equal(0, history.GetProperty("jobs").GetArrayLength());
        await running;
        Assert.Equal(arguments.Order(), work.Done.Order());
        Assert.Empty(server.Services.GetRequiredService<JobStore>().All());
    }

    [Fact]
    public async Task A_piece_that_fails_ends_the_rest_with_its_sentence()
    {
        await using var server = await StartAsync(new Echo());
        using var queue = new WorkQueue(new ImgAlignServerOptions { DataPath = folder });
        var failure = await Assert.ThrowsAsync<ImgAlignException>(() => queue.RunAsync("echo", ["bad"]));
        Assert.Equal("A worker could not do the echo bad: the piece is bad.", failure.Message);
        Assert.Empty(server.Services.GetRequiredService<JobStore>().All());
    }

    [Fact]
    public async Task What_a_worker_cannot_do_waits_for_another_and_holds_nothing_up()
    {
        var work = new Echo();
        await using var server = await StartAsync(work, options => options.Aligns = false);
        var options = new ImgAlignServerOptions { DataPath = folder };
        using var queue = new WorkQueue(options);
        using var stop = new CancellationTokenSource();
        var waiting = queue.RunAsync("sing", ["first"], cancellationToken: stop.Token);
        var aligned = await server.SubmitAsync(new { prompt = "red", rounds = 1 });
        var generated = await server.RunAsync(new { prompt = "red", rounds = 0 });
        Assert.Equal(JobState.Succeeded, generated.State);
        await queue.RunAsync(work.Kind, ["second"]);
        Assert.Equal(["second"], work.Done);
        var store = server.Services.GetRequiredService<JobStore>();
        Assert.Equal(2, store.QueueLength());
        Assert.Equal(0, store.Find(aligned.Id)!.Attempt);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal([generated.Id, aligned.Id], store.All());
    }

    [Fact]
    public Task Sqlite_gives_the_work_of_a_dead_worker_to_another_without_a_server() =>
        Gives_the_work_of_a_dead_worker_to_another(new ImgAlignServerOptions { DataPath = folder });

    [PostgresFact]
    public Task Postgres_gives_the_work_of_a_dead_worker_to_another_without_a_server() =>
        Gives_the_work_of_a_dead_worker_to_another(new ImgAlignServerOptions { Postgres = Postgres.NewConnection() });

    private static async Task Gives_the_work_of_a_dead_worker_to_another(ImgAlignServerOptions options)
    {
        var store = new JobStore(JobStorageFactory.Open(options), TimeProvider.System);
        using var queue = new WorkQueue(options);
        var running = queue.RunAsync("echo", ["only"]);
        await TakeAsync("dead");
        var job = await TakeAsync("alive");
        Assert.Equal((2, new QueuedWork("echo", "only")), (job.Attempt, job.Work));
        Assert.True(store.Finish(job.Id, "alive", JobState.Succeeded));
        await running;

        async Task<Job> TakeAsync(string worker)
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
            while (true)
            {
                if (store.Take(worker, static _ => true) is var (taken, _))
                    return taken;
                await Task.Delay(50, patience.Token);
            }
        }
    }

    [Fact]
    public async Task Work_that_is_given_up_leaves_the_queue()
    {
        var options = new ImgAlignServerOptions { DataPath = folder };
        using var queue = new WorkQueue(options);
        using var stop = new CancellationTokenSource();
        var running = queue.RunAsync("echo", ["1", "2"], cancellationToken: stop.Token);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Empty(new JobStore(JobStorageFactory.Open(options), TimeProvider.System).All());
    }

    [Fact]
    public async Task Work_that_runs_and_is_given_up_leaves_the_queue_when_its_worker_lets_go()
    {
        var options = new ImgAlignServerOptions { DataPath = folder };
        var store = new JobStore(JobStorageFactory.Open(options), TimeProvider.System);
        using var queue = new WorkQueue(options);
        using var stop = new CancellationTokenSource();
        var running = queue.RunAsync("echo", ["1", "2"], cancellationToken: stop.Token);
        var job = store.Take("worker", static _ => true)!.Value.Job;
        await stop.CancelAsync();
        while (store.OrderFor(job.Id, "worker") != WorkOrder.Cancel)
            await Task.Delay(50);
        Assert.True(store.Finish(job.Id, "worker", JobState.Succeeded));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Empty(store.All());
    }

    private Task<TestServer> StartAsync(Echo work, Action<ImgAlignServerOptions>? configure = null) =>
        TestServer.StartAsync(
            configure,
            models: services =>
            {
                services.AddColours();
                services.AddSingleton<IQueuedWork>(work);
            },
            data: folder
        );

    private sealed class Echo : IQueuedWork
    {
        public ConcurrentBag<string> Done { get; } = [];

        public string Kind => "echo";

        public Task RunAsync(string argument, CancellationToken cancellationToken)
        {
            if (argument == "bad")
                throw new ImgAlignException("the piece is bad.");
            Done.Add(argument);
            return Task.CompletedTask;
        }
    }
}
