using ImgAlign.Server.Jobs;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ImgAlign.Server.Files;

/// <summary>Looks after the size and age of what is kept.</summary>
internal sealed partial class FileKeeper(JobStore store, JobFiles files, ImgAlignServerOptions options, ILogger<FileKeeper> logger)
    : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan UnfinishedAge = TimeSpan.FromDays(1);

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Task.Yield();
        using var timer = new PeriodicTimer(Interval);
        do
        {
            try
            {
                await CleanAsync(stoppingToken);
            }
            catch (Exception exception) when (!stoppingToken.IsCancellationRequested)
            {
                Failed(exception); // a store may be away for a while
            }
        } while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    /// <summary>
    /// Removes finished jobs that are too old, and the oldest ones while they take too much. Files that no job knows, left by processes
    /// that died, go after a day.
    /// </summary>
    internal async Task CleanAsync(CancellationToken cancellationToken)
    {
        var kept = await files
            .ListAsync(cancellationToken)
            .ToLookupAsync(static file => file.Id, static file => file.File, cancellationToken: cancellationToken);
        var known = store.All();
        foreach (var id in kept.Select(static job => job.Key).Except(known))
        {
            // One that is not in the list yet may still run.
            if (kept[id].All(IsOld) && !await RemoveAsync(id, cancellationToken) && store.Find(id) is null)
                await files.DeleteAsync(id, cancellationToken);
        }
        long bytes = 0;
        var finished = known.Select(store.Find).OfType<Job>().Where(static job => job.IsFinished);
        foreach (var job in finished.OrderByDescending(static job => job.FinishedAt))
        {
            var left = kept[job.Id].ExceptBy(JobFiles.NamesOf(job), static file => file.Name).Where(IsOld).ToList();
            foreach (var file in left)
                await files.DeleteAsync(file, cancellationToken);
            bytes += kept[job.Id].Except(left).Sum(static file => file.Bytes);
            if (DateTimeOffset.UtcNow - job.FinishedAt > options.ResultAge || bytes > options.DataQuotaBytes)
                await RemoveAsync(job.Id, cancellationToken);
        }
    }

    /// <summary>Removes a finished job and its files.</summary>
    /// <returns>Whether it was finished.</returns>
    public async Task<bool> RemoveAsync(string id, CancellationToken cancellationToken)
    {
        if (!store.Remove(id))
            return false;
        await files.DeleteAsync(id, cancellationToken);
        return true;
    }

    private static bool IsOld(StoredFile file) => DateTimeOffset.UtcNow - file.Written > UnfinishedAge;

    [LoggerMessage(LogLevel.Error, "Files of jobs cannot be looked after")]
    private partial void Failed(Exception exception);
}
