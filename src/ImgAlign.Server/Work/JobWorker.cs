using System.Diagnostics;
using Hangfire;
using ImgAlign.Server.Files;
using ImgAlign.Server.Jobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace ImgAlign.Server.Work;

/// <summary>Runs jobs, one after another. Hangfire calls it with each ticket.</summary>
internal sealed partial class JobWorker(
    JobStore store,
    JobFiles files,
    JobRun run,
    IJobEvents events,
    IServiceProvider services,
    ImgAlignServerOptions options,
    IHostApplicationLifetime lifetime,
    TimeProvider clock,
    ILogger<JobWorker> logger
)
{
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan WritePause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FilesPatience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan OthersPause = TimeSpan.FromSeconds(1);
    private const int LooksPerBeat = 4;
    private const int WriteAttempts = 4;

    private readonly string name = NameOf(Environment.ProcessId) + Guid.NewGuid().ToString("N");

    /// <summary>What the names of workers in a process of this machine begin with.</summary>
    public static string NameOf(int processId) => $"{Environment.MachineName}:{processId}:";

    /// <summary>Runs the first job in the order that this worker can do.</summary>
    /// <returns>The job's id, which the dashboard shows; null: none was waiting.</returns>
    [AutomaticRetry(Attempts = 0)]
    public async Task<string?> RunNextAsync()
    {
        // Not Hangfire's own token, which also ends work whose ticket was given out a second time.
        var stopping = lifetime.ApplicationStopping;
        if (store.Take(name, CanDo) is not var (job, trace))
        {
            // The ticket was for a job of other workers, and is replaced: without a pause this one would use up the next, too.
            if (store.QueueLength() > 0)
                await Task.Delay(OthersPause, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            return null;
        }
        using var activity = ServerTelemetry.Source.StartActivity("job", ActivityKind.Consumer, trace);
        activity?.SetTag("imgalign.job.id", job.Id);
        var reporter = new JobReporter(job, events);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        using var done = new CancellationTokenSource();
        var watch = Task.Run(() => WatchAsync(job.Id, reporter, ending, done.Token), CancellationToken.None);
        var began = Stopwatch.GetTimestamp();
        var state = JobState.Failed;
        try
        {
            JobResult? result = null;
            JobError? error = null;
            try
            {
                await using (reporter) // all is told before the end is
                {
                    reporter.Report(new StateEvent(null));
                    if (job.Work is { } work)
                        await Find(work)!.RunAsync(work.Argument, ending.Token);
                    else
                        result = await DrawAsync(job, reporter, ending.Token);
                }
                state = JobState.Succeeded;
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested)
            {
                await WriteAsync(job.Id, () => store.Return(job.Id, name));
                return job.Id;
            }
            catch (OperationCanceledException)
            {
                state = JobState.Cancelled; // or the job is another worker's now, and this one has no say
            }
            catch (Exception exception)
            {
                Failed(job.Id, exception);
                error = ErrorOf(exception);
            }
            await WriteAsync(job.Id, () => store.Finish(job.Id, name, state, result, error));
        }
        finally
        {
            await done.CancelAsync();
            await watch;
            await events.PublishAsync(job, [new StateEvent(null)]);
            ServerTelemetry.JobDuration.Record(
                Stopwatch.GetElapsedTime(began).TotalSeconds,
                KeyValuePair.Create("imgalign.job.state", (object?)state.ToString())
            );
        }
        return job.Id;
    }

    private bool CanDo(Job job) => job.Work is { } work ? Find(work) is not null : options.Aligns || job.Request.Rounds == 0;

    private IQueuedWork? Find(QueuedWork work) => services.GetServices<IQueuedWork>().FirstOrDefault(known => known.Kind == work.Kind);

    private async Task<JobResult> DrawAsync(Job job, JobReporter reporter, CancellationToken ending)
    {
        byte[]? input = null;
        if (job.Request.Image is not null)
            await WhenThereAsync(job.Id, async () => input = await files.ReadInputAsync(job.Id, ending), ending);
        var (result, pictures) = await run.RunAsync(services, job, input, reporter, ending);
        foreach (var (file, picture) in pictures)
            await WhenThereAsync(job.Id, () => files.WriteAsync(job, file, picture, ending), ending);
        return result;
    }

    // A store of files that is away is waited for, but not without end: the device may be of use to other jobs.
    private async Task WhenThereAsync(string id, Func<Task> use, CancellationToken ending)
    {
        var began = clock.GetTimestamp();
        while (true)
        {
            try
            {
                await use();
                return;
            }
            catch (StoreAwayException exception)
            {
                if (clock.GetElapsedTime(began) > FilesPatience)
                    throw new ImgAlignException(
                        $"The job was given up, since its files could not be read or kept for {FilesPatience.TotalMinutes} minutes. "
                            + $"{exception.Message} Send it again when the store answers.",
                        exception
                    );
                Unheard(id, exception);
                await Task.Delay(WritePause, ending);
            }
        }
    }

    // The store may be away for a moment. If it stays away, the job is no longer this worker's after a while, and runs again.
    private async Task WriteAsync(string id, Action write)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                write();
                return;
            }
            catch (Exception exception) when (attempt < WriteAttempts)
            {
                Unheard(id, exception);
                await Task.Delay(WritePause, CancellationToken.None);
            }
        }
    }

    // Looks for a wish to cancel, and tells that the worker is alive.
    private async Task WatchAsync(string id, JobReporter reporter, CancellationTokenSource ending, CancellationToken done)
    {
        using var timer = new PeriodicTimer(Look, clock);
        for (var look = 1; ; look++)
        {
            try
            {
                await timer.WaitForNextTickAsync(done);
                var order = look % LooksPerBeat == 0 ? store.Beat(id, name, reporter.Progress) : store.OrderFor(id, name);
                if (order != WorkOrder.GoOn)
                    await ending.CancelAsync();
            }
            catch (OperationCanceledException)
            {
                return;
            }
            catch (Exception exception)
            {
                Unheard(id, exception); // the store may be away for a moment
            }
        }
    }

    private static JobError ErrorOf(Exception exception) =>
        exception switch
        {
            InvalidRequestException invalid => new JobError(JobError.InvalidRequest, invalid.Message, invalid.Member),
            DeviceMemoryException => new JobError(JobError.InsufficientMemory, exception.Message),
            ImgAlignException or IOException or ArgumentException => new JobError(JobError.Failure, exception.Message),
            _ => new JobError(JobError.Failure, $"The worker failed ({exception.GetType().Name}); its log has the details."),
        };

    [LoggerMessage(LogLevel.Warning, "Job {Id} failed")]
    private partial void Failed(string id, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Job {Id}: the store cannot be reached")]
    private partial void Unheard(string id, Exception exception);
}
