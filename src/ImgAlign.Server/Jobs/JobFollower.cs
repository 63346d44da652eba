using System.Diagnostics;
using System.Runtime.CompilerServices;
using ImgAlign.Server.Files;

namespace ImgAlign.Server.Jobs;

/// <summary>
/// Follows a job to its end. The store says what its state is, and is asked twice a second; the hub, where workers of this server report,
/// brings the rest at once. While it is silent, the files are looked at, too, where workers of other machines report.
/// </summary>
internal sealed class JobFollower(JobStore store, JobHub hub, JobFiles files)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(500);

    // Proxies end connections that are silent for a minute or so.
    private static readonly TimeSpan LongestSilence = TimeSpan.FromSeconds(15);

    /// <summary>The job's states, and what happens between them, and null where nothing has for a while; the last event is the state at
    /// the end.</summary>
    /// <param name="id">The job.</param>
    /// <param name="cancellationToken">Ends the following; the job goes on.</param>
    public async IAsyncEnumerable<JobEvent?> FollowAsync(string id, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var subscription = hub.Subscribe(id);
        Job? last = null;
        using var stored = new StoredEvents(files, cancellationToken);
        var isHeard = false;
        var told = Stopwatch.GetTimestamp();
        while (true)
        {
            var job = store.Find(id);
            if (job is null)
                yield break;
            // A worker that takes a job writes the attempt before the state.
            var isNew = job.State != last?.State || (job.State == JobState.Running && job.Attempt != last.Attempt);
            if (isNew && !job.IsFinished)
                yield return new StateEvent(job);
            if (!isHeard && (!job.IsFinished || last is not null)) // of one that had ended before, the result tells all
            {
                foreach (var happened in job.IsFinished ? await stored.TakeLastAsync(job) : stored.Take(job))
                    yield return happened;
            }
            if (job.IsFinished)
            {
                // What was told before the end comes before it.
                while (subscription.Events.TryRead(out var left))
                {
                    if (left is not StateEvent)
                        yield return left;
                }
                yield return new StateEvent(job);
                hub.Forget(id);
                yield break;
            }
            if (!isNew && job.Progress is { } progress && progress != last!.Progress)
                yield return new ProgressEvent(progress);
            else if (Stopwatch.GetElapsedTime(told) > LongestSilence)
            {
                told = Stopwatch.GetTimestamp();
                yield return null;
            }
            last = job;
            isHeard = false;
            await foreach (var happened in UntilStateOrTimeoutAsync(subscription, cancellationToken))
            {
                yield return happened;
                isHeard = true;
                told = Stopwatch.GetTimestamp();
            }
        }
    }

    /// <summary>Waits for the end of a job.</summary>
    public async Task<Job> WaitAsync(string id, CancellationToken cancellationToken)
    {
        Job? last = null;
        await foreach (var happened in FollowAsync(id, cancellationToken))
            last = (happened as StateEvent)?.Job ?? last;
        return last is { IsFinished: true } ? last : throw ApiException.NotFound("The job was removed.");
    }

    private static async IAsyncEnumerable<JobEvent> UntilStateOrTimeoutAsync(
        JobHub.Subscription subscription,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(Interval);
        while (true)
        {
            try
            {
                if (!await subscription.Events.WaitToReadAsync(timeout.Token))
                    yield break;
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                yield break;
            }
            while (subscription.Events.TryRead(out var happened))
            {
                if (happened is StateEvent)
                    yield break;
                yield return happened;
            }
        }
    }
}
