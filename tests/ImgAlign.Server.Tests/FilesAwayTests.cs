using System.Net.ServerSentEvents;
using ImgAlign.Server.Files;
using ImgAlign.Server.Jobs;
using Microsoft.Extensions.DependencyInjection;

namespace ImgAlign.Server.Tests;

/// <summary>What goes on while the store of files does not answer.</summary>
public sealed class FilesAwayTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_job_is_followed_to_its_end_while_its_events_cannot_be_read(bool isSilent)
    {
        Func<CancellationToken, Task> read = isSilent
            ? static token => Task.Delay(Timeout.Infinite, token)
            : static _ => throw new IOException("The disk is broken.");
        await using var server = await TestServer.StartAsync(
            models: services => services.AddSingleton<IFileStore>(new BrokenFiles { Read = read }).AddColours(),
            withWorker: false
        );
        var id = (await server.SubmitAsync(new { prompt = "red" })).Id;
        var store = server.Services.GetRequiredService<JobStore>();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var told = new List<string>();
        using var stream = await server.Client.GetStreamAsync($"api/jobs/{id}/events", patience.Token);
        await foreach (var happened in SseParser.Create(stream).EnumerateAsync(patience.Token))
        {
            told.Add(happened.EventType);
            if (told.Count == 1)
                Assert.NotNull(store.Take("elsewhere", static _ => true));
            else if (told.Count == 2)
                store.Beat(id, "elsewhere", new JobProgress(0.5, default, 0, 1, 2));
            else if (told.Count == 3)
                Assert.True(store.Finish(id, "elsewhere", JobState.Cancelled));
        }
        Assert.Equal(["state", "state", "progress", "state"], told);
    }

    [Fact]
    public async Task A_job_whose_pictures_cannot_be_kept_fails_after_some_minutes_with_a_sentence()
    {
        var files = new BrokenFiles { Write = static () => throw new StoreAwayException("The store is away.", new IOException()) };
        await using var server = await TestServer.StartAsync(models: services =>
            services.AddSingleton<IFileStore>(files).AddSingleton<TimeProvider>(new HastyClock()).AddColours()
        );
        var job = await server.RunAsync(new { prompt = "red" });
        Assert.Equal((JobState.Failed, JobError.Failure), (job.State, job.Error!.Code));
        Assert.Contains("for 10 minutes. The store is away.", job.Error.Message, StringComparison.Ordinal);
    }

    /// <summary>Files that cannot be read or written.</summary>
    private sealed class BrokenFiles : IFileStore
    {
        public Func<CancellationToken, Task> Read { get; init; } = static _ => Task.CompletedTask;

        public Action Write { get; init; } = static () => { };

        public async Task<byte[]?> ReadAsync(string name, CancellationToken cancellationToken)
        {
            await Read(cancellationToken);
            return null;
        }

        public Task WriteAsync(string name, byte[] content, CancellationToken cancellationToken)
        {
            Write();
            return Task.CompletedTask;
        }

        public IAsyncEnumerable<StoredFile> ListAsync(string folder, CancellationToken cancellationToken) =>
            AsyncEnumerable.Empty<StoredFile>();

        public Task DeleteAsync(string name, CancellationToken cancellationToken) => Task.CompletedTask;
    }

    /// <summary>Between two looks at this clock some minutes pass; the time of day is the true one.</summary>
    private sealed class HastyClock : TimeProvider
    {
        private long minutes;

        public override long TimestampFrequency => 1;

        public override long GetTimestamp() => 60 * Interlocked.Add(ref minutes, 6);
    }
}
