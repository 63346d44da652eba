using System.Threading.Channels;
using ImgAlign.Server.Jobs;

namespace ImgAlign.Server.Work;

/// <summary>Hands on what is told of a job without holding up the run: of what waits, progress and previews that are overtaken are left
/// out.</summary>
internal sealed class JobReporter : IAsyncDisposable
{
    private readonly Channel<JobEvent> events = Channel.CreateUnbounded<JobEvent>();

    private readonly Task sending;

    public JobReporter(string id, IJobEvents target) => sending = Task.Run(() => SendAsync(id, target));

    /// <summary>How far the job is.</summary>
    public JobProgress? Progress { get; private set; }

    public void Report(JobEvent happened)
    {
        if (happened is ProgressEvent { Progress: var progress })
            Progress = progress;
        events.Writer.TryWrite(happened);
    }

    /// <summary>Ends after what is left has been handed on.</summary>
    public async ValueTask DisposeAsync()
    {
        events.Writer.Complete();
        await sending;
    }

    private async Task SendAsync(string id, IJobEvents target)
    {
        while (await events.Reader.WaitToReadAsync())
        {
            var batch = new List<JobEvent>();
            while (events.Reader.TryRead(out var happened))
            {
                batch.RemoveAll(happened.Overtakes);
                batch.Add(happened);
            }
            await target.PublishAsync(id, batch);
        }
    }
}

/// <summary>Where workers tell what happens to a job; what is told there may be lost, the store has what matters.</summary>
internal interface IJobEvents
{
    Task PublishAsync(string id, IReadOnlyList<JobEvent> events);
}

/// <summary>The server in the same process.</summary>
internal sealed class LocalJobEvents(JobHub hub) : IJobEvents
{
    public Task PublishAsync(string id, IReadOnlyList<JobEvent> events)
    {
        hub.Publish(id, events);
        return Task.CompletedTask;
    }
}

/// <summary>No server: progress goes through the store.</summary>
internal sealed class NoJobEvents : IJobEvents
{
    public Task PublishAsync(string id, IReadOnlyList<JobEvent> events) => Task.CompletedTask;
}
