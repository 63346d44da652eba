using ImgAlign.Server.Files;
using ImgAlign.Server.Jobs;
using Microsoft.Extensions.Logging;

namespace ImgAlign.Server.Work;

/// <summary>A server on another machine, or one that is away: it finds what is told beside the job's pictures. State and progress are in
/// the queue's storage.</summary>
internal sealed partial class StoredJobEvents(JobFiles files, ILogger<StoredJobEvents> logger) : IJobEvents
{
    private string? worker;
    private int told;

    public async Task<bool> PublishAsync(Job job, IReadOnlyList<JobEvent> events)
    {
        if (worker != job.Worker)
            (worker, told) = (job.Worker, 0);
        var lasting = events.Where(static happened => happened is not (ProgressEvent or StateEvent)).ToList();
        if (lasting.Count == 0)
            return true;
        try
        {
            await files.WriteEventsAsync(job, told + 1, lasting, CancellationToken.None);
            told++;
            return true;
        }
        catch (Exception exception) when (exception is StoreAwayException or IOException)
        {
            NotTaken(job.Id, exception.Message);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Warning, "Job {Id}: what happens cannot be told now: {Reason}")]
    private partial void NotTaken(string id, string reason);
}
