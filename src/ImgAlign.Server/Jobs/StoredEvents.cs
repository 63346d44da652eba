using ImgAlign.Server.Files;

namespace ImgAlign.Server.Jobs;

/// <summary>What a worker of another machine tells of a job in files. It is read aside, so that a store that is away or slow holds nobody
/// up.</summary>
/// <param name="files">The files.</param>
/// <param name="cancellationToken">Ends the reading.</param>
internal sealed class StoredEvents(JobFiles files, CancellationToken cancellationToken) : IDisposable
{
    private static readonly TimeSpan LastPatience = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    private Task<List<JobEvent>> reading = Task.FromResult<List<JobEvent>>([]);
    private string? worker;
    private int read;

    /// <summary>What has been read of this attempt since the last call, without waiting; then more is read.</summary>
    public IReadOnlyList<JobEvent> Take(Job job)
    {
        if (!reading.IsCompleted)
            return [];
        var found = worker == job.Worker ? reading.Result : [];
        if (worker != job.Worker)
            (worker, read) = (job.Worker, 0);
        reading = ReadAsync(job);
        return found;
    }

    /// <summary>What is left of an attempt that has ended, as far as it can be read in a few seconds.</summary>
    public async Task<IReadOnlyList<JobEvent>> TakeLastAsync(Job job)
    {
        ending.CancelAfter(LastPatience);
        await reading;
        return [.. Take(job), .. await reading];
    }

    /// <summary>Ends the reading.</summary>
    public void Dispose()
    {
        ending.Cancel();
        ending.Dispose();
    }

    private async Task<List<JobEvent>> ReadAsync(Job job)
    {
        var found = new List<JobEvent>();
        var token = ending.Token; // it outlives its source
        try
        {
            for (; await files.ReadEventsAsync(job, read + 1, token) is { } events; read++)
            {
                foreach (var happened in events)
                    happened.AddTo(found);
            }
        }
        catch (Exception exception) when (exception is StoreAwayException or IOException or OperationCanceledException)
        {
            // It is read the next time.
        }
        return found;
    }
}
