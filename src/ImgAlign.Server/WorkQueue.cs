using System.Diagnostics;
using Hangfire;
using ImgAlign.Server.Files;
using ImgAlign.Server.Jobs;

namespace ImgAlign.Server;

/// <summary>Has the workers of a queue do work other than pictures (<see cref="IQueuedWork"/>), with or without a server.</summary>
public sealed class WorkQueue : IDisposable
{
    // Enough for many workers, and the queue still takes the pictures of others.
    private const int MostAtOnce = 64;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan Outage = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan Farewell = JobKeeper.Patience + TimeSpan.FromSeconds(4);

    private readonly JobStorage storage;
    private readonly JobStore store;

    /// <summary>Opens the queue.</summary>
    /// <param name="options">Its folder or database, as server and workers have them.</param>
    public WorkQueue(ImgAlignServerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        storage = JobStorageFactory.Open(options);
        store = new JobStore(storage, TimeProvider.System);
    }

    /// <summary>
    /// Queues pieces of work, behind all pictures, and waits until they are done. What a dead worker had is given to another.
    /// </summary>
    /// <param name="kind">The <see cref="IQueuedWork.Kind"/>.</param>
    /// <param name="arguments">An argument for each piece.</param>
    /// <param name="done">Is told how many pieces are done.</param>
    /// <param name="cancellationToken">Takes back what is not done, and waits some seconds for workers to let go of what they have.</param>
    /// <exception cref="ImgAlignException">A piece has failed, with the worker's sentence; the others are taken back.</exception>
    public async Task RunAsync(
        string kind,
        IReadOnlyList<string> arguments,
        IProgress<int>? done = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(kind);
        ArgumentNullException.ThrowIfNull(arguments);
        var pending = new HashSet<string>();
        var next = 0;
        var watch = new LostWorkers(store);
        var reached = DateTimeOffset.UtcNow;
        try
        {
            while (next < arguments.Count || pending.Count > 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                try
                {
                    for (; next < arguments.Count && pending.Count < MostAtOnce; next++)
                        pending.Add(Submit(new QueuedWork(kind, arguments[next])));
                    watch.Tend();
                    if (pending.RemoveWhere(IsDone) > 0)
                        done?.Report(next - pending.Count);
                    reached = DateTimeOffset.UtcNow;
                }
                catch (Exception exception) when (exception is not ImgAlignException && DateTimeOffset.UtcNow - reached < Outage)
                {
                    watch.Forgive(); // the store may be away for a while
                }
                await Task.Delay(Interval, cancellationToken);
            }
        }
        finally
        {
            await TakeBackAsync(pending, watch);
        }
    }

    /// <summary>Closes the queue; what is in it stays.</summary>
    public void Dispose() => (storage as IDisposable)?.Dispose();

    private string Submit(QueuedWork work) =>
        store
            .Submit(
                JobFiles.NewId(),
                new JobRequest { Prompt = work.Argument, Priority = JobPriority.Low },
                work.Argument,
                idempotencyKey: null,
                limit: int.MaxValue,
                work
            )
            .Id;

    private bool IsDone(string id)
    {
        var job = store.Find(id) ?? throw new ImgAlignException($"The work {id} was removed from the queue by someone else.");
        if (!job.IsFinished)
            return false;
        if (job.State != JobState.Succeeded)
            throw new ImgAlignException(
                $"A worker could not do the {job.Work!.Kind} {job.Work.Argument}: {job.Error?.Message ?? "it was cancelled."}"
            );
        store.Remove(id);
        return true;
    }

    // A worker sees at its next step that its piece is to end, and a dead one is noticed after a while; what is not let go by then stays.
    private async Task TakeBackAsync(HashSet<string> ids, LostWorkers watch)
    {
        try
        {
            foreach (var id in ids)
                store.Cancel(id);
            ids.RemoveWhere(IsGone);
            for (var began = Stopwatch.GetTimestamp(); ids.Count > 0 && Stopwatch.GetElapsedTime(began) < Farewell; ids.RemoveWhere(IsGone))
            {
                await Task.Delay(Interval);
                watch.Tend();
            }
        }
        catch (Exception)
        {
            // The store is away: what is left there is done once more, and the failure that led here is the one to tell.
        }

        bool IsGone(string id) => store.Remove(id) || store.Find(id) is null;
    }
}
