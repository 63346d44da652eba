using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ImgAlign.Server.Jobs;

/// <summary>Looks after jobs whose worker has died.</summary>
internal sealed partial class JobKeeper(JobStore store, JobHub hub, ILogger<JobKeeper> logger) : BackgroundService
{
    /// <summary>How long a worker may be silent; it is heard of every second.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var watch = new LostWorkers(store);
        using var timer = new PeriodicTimer(Interval);
        do
        {
            try
            {
                Tell(watch.Tend());
                hub.Forget(id => store.Find(id) is not { IsFinished: false });
            }
            catch (Exception exception)
            {
                Failed(exception); // the store may be away for a while
                watch.Forgive();
            }
        } while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>Queues the jobs of a worker process again that has ended; where the store is away, that is done later, as for a worker
    /// that is silent.</summary>
    public void Lose(int processId)
    {
        try
        {
            Tell(store.Lose(Work.JobWorker.NameOf(processId)));
        }
        catch (Exception exception)
        {
            Failed(exception);
        }
    }

    private void Tell(IReadOnlyList<string> lost)
    {
        foreach (var id in lost)
        {
            LostWorker(id);
            hub.Restart(id);
        }
    }

    [LoggerMessage(LogLevel.Warning, "Job {Id} has lost its worker")]
    private partial void LostWorker(string id);

    [LoggerMessage(LogLevel.Error, "Jobs cannot be looked after")]
    private partial void Failed(Exception exception);
}
