using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ImgAlign.Server.Jobs;

/// <summary>Looks after jobs whose worker has died, and after the size and age of what is kept.</summary>
internal sealed partial class JobKeeper(
    JobStore store,
    JobHub hub,
    JobFiles files,
    ImgAlignServerOptions options,
    ILogger<JobKeeper> logger
) : BackgroundService
{
    /// <summary>How long a worker may be silent; it is heard of every second.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(6);

    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan CleaningInterval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan UnfinishedAge = TimeSpan.FromDays(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        var cleaned = DateTimeOffset.MinValue;
        var watch = new LostWorkers(store);
        using var timer = new PeriodicTimer(Interval);
        do
        {
            try
            {
                Tell(watch.Tend());
                hub.Forget(id => store.Find(id) is not { IsFinished: false });
                if (DateTimeOffset.UtcNow - cleaned > CleaningInterval)
                {
                    Clean();
                    cleaned = DateTimeOffset.UtcNow;
                }
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

    /// <summary>Removes finished jobs that are too old, the oldest ones while they take too much, and files of no job.</summary>
    internal void Clean()
    {
        files.DeleteUnfinished(UnfinishedAge);
        var known = store.All();
        // Left by processes that died; a job that the list does not have yet may still run.
        foreach (var id in files.Ids(UnfinishedAge).Except(known).ToList())
        {
            if (!Remove(id) && store.Find(id) is null)
                files.Delete(id);
        }
        var finished = known.Select(store.Find).OfType<Job>().Where(static job => job.IsFinished).ToList();
        long bytes = 0;
        foreach (var job in finished.OrderByDescending(static job => job.FinishedAt))
        {
            bytes += files.SizeOf(job.Id);
            if (DateTimeOffset.UtcNow - job.FinishedAt > options.ResultAge || bytes > options.DataQuotaBytes)
                Remove(job.Id);
        }
    }

    /// <summary>Removes a finished job and its files.</summary>
    public bool Remove(string id)
    {
        if (!store.Remove(id))
            return false;
        files.Delete(id);
        return true;
    }

    [LoggerMessage(LogLevel.Warning, "Job {Id} has lost its worker")]
    private partial void LostWorker(string id);

    [LoggerMessage(LogLevel.Error, "Jobs cannot be looked after")]
    private partial void Failed(Exception exception);
}
