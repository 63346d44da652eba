using System.Diagnostics;
using System.Threading.Channels;
using ImgAlign.Server.Jobs;

namespace ImgAlign.Server.Work;

/// <summary>
/// Hands on what is told of a job without holding up the run: of what waits, progress and previews that are overtaken are left out, and so
/// are steps that follow each other quickly. After a server was away, which may have been started anew, it is told all of the job again.
/// </summary>
internal sealed class JobReporter : IAsyncDisposable
{
    private static readonly TimeSpan StepPause = TimeSpan.FromMilliseconds(50);

    private readonly Channel<JobEvent> events = Channel.CreateUnbounded<JobEvent>();
    private readonly List<JobEvent> told = [];
    private readonly Task sending;
    private long stepTold;

    public JobReporter(Job job, IJobEvents target) => sending = Task.Run(() => SendAsync(job, target));

    /// <summary>How far the job is.</summary>
    public JobProgress? Progress { get; private set; }

    public void Report(JobEvent happened)
    {
        if (happened is ProgressEvent { Progress: var progress })
        {
            Progress = progress;
            if (progress.Step > 0 && Stopwatch.GetElapsedTime(stepTold) < StepPause)
                return;
            stepTold = Stopwatch.GetTimestamp();
        }
        events.Writer.TryWrite(happened);
    }

    /// <summary>Ends after what is left has been handed on.</summary>
    public async ValueTask DisposeAsync()
    {
        events.Writer.Complete();
        await sending;
    }

    private async Task SendAsync(Job job, IJobEvents target)
    {
        var wasTaken = true;
        while (await events.Reader.WaitToReadAsync())
        {
            var batch = new List<JobEvent>();
            while (events.Reader.TryRead(out var happened))
            {
                happened.AddTo(batch);
                happened.AddTo(told);
            }
            wasTaken = await target.PublishAsync(job, wasTaken ? batch : [.. told]);
        }
    }
}

/// <summary>Where workers tell what happens to a job; what is told there may be lost, the store has what matters.</summary>
internal interface IJobEvents
{
    /// <returns>Whether they have arrived.</returns>
    Task<bool> PublishAsync(Job job, IReadOnlyList<JobEvent> events);
}

/// <summary>The server in the same process.</summary>
internal sealed class LocalJobEvents(JobHub hub) : IJobEvents
{
    public Task<bool> PublishAsync(Job job, IReadOnlyList<JobEvent> events)
    {
        hub.Publish(job.Id, events);
        return Task.FromResult(true);
    }
}
