using ImgAlign.Runtime;
using ImgAlign.Telemetry;
using Microsoft.Extensions.Logging;
using TorchSharp;

namespace ImgAlign.Running;

/// <summary>
/// Where the runs of a pipeline are at home: it waits for the devices, checks the memory, runs, and passes on what happens. Disposing ends
/// its own runs and waits for them, and for no others.
/// </summary>
/// <param name="owner">The pipeline's type, which callers of a disposed one are told.</param>
/// <param name="recordPrompts">Whether prompts are written to logs and traces.</param>
/// <param name="logger">Where messages go.</param>
internal sealed class RunHost(Type owner, bool recordPrompts, ILogger logger) : IAsyncDisposable
{
    private readonly CancellationTokenSource lifetime = new();
    private readonly Lock changing = new();
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int running;
    private bool isDisposed;

    /// <summary>Runs, when the devices are free.</summary>
    /// <param name="plan">What the run needs.</param>
    /// <param name="work">The run, on the worker thread of the first model's device.</param>
    /// <param name="progress">Called with every update, on threads of the pool; null for nobody.</param>
    /// <param name="cancellationToken">Ends the run before its next step.</param>
    public async Task<T> RunAsync<T>(
        RunPlan plan,
        Func<RunContext, T> work,
        IProgress<RunUpdate>? progress,
        CancellationToken cancellationToken
    )
    {
        if (progress is null)
            return await RunAsync(plan, work, report: null, cancellationToken).ConfigureAwait(false);
        var updates = new UpdateQueue();
        _ = updates.DeliverAsync(progress, exception => Log.ListenerFailed(logger, exception));
        try
        {
            var result = await RunAsync(plan, work, updates.Add, cancellationToken).ConfigureAwait(false);
            updates.Add(new RunCompleted<T>(result) { Progress = 1 });
            return result;
        }
        finally
        {
            updates.Complete();
        }
    }

    /// <summary>Runs, and yields what happens; with the last update the result. Leaving the loop early cancels the run.</summary>
    /// <inheritdoc cref="RunAsync{T}(RunPlan, Func{RunContext, T}, IProgress{RunUpdate}?, CancellationToken)" path="/param"/>
    public async IAsyncEnumerable<RunUpdate> StreamAsync<T>(
        RunPlan plan,
        Func<RunContext, T> work,
        [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        using var leaving = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var updates = new UpdateQueue();
        var run = RunIntoAsync(plan, work, updates, leaving.Token, cancellationToken);
        try
        {
            await foreach (var update in updates.ReadAllAsync().ConfigureAwait(false))
                yield return update;
        }
        finally
        {
            await leaving.CancelAsync().ConfigureAwait(false);
            await run.ConfigureAwait(false);
        }
    }

    /// <summary>The memory that a run would need: with the largest batch that fits, or else with the largest that fits where models work
    /// tile by tile, or one item if none does.</summary>
    public static (IReadOnlyList<(DeviceRuntime Runtime, MemoryEstimate Estimate)> Devices, Workload Workload) Estimate(RunPlan plan)
    {
        foreach (var inTiles in new[] { false, true })
        {
            for (var batch = Math.Min(plan.MaxBatchSize, plan.Workload.Batch); batch > 0; batch /= 2)
            {
                var workload = plan.Workload with { Batch = batch, InTiles = inTiles };
                var devices = Estimate(plan.Models, workload);
                if (devices.TrueForAll(static device => device.Estimate.Fits) || (inTiles && batch == 1))
                    return (devices, workload);
            }
        }
        throw new ArgumentException("A run has at least one item.", nameof(plan));
    }

    private static List<(DeviceRuntime Runtime, MemoryEstimate Estimate)> Estimate(IEnumerable<IModel> models, Workload workload) =>
        [
            .. models
                .GroupBy(static model => model.Runtime)
                .Select(same =>
                    (same.Key, same.Key.Estimate(same.OfType<IMemoryFootprint>().SelectMany(model => model.EstimateStages(workload))))
                ),
        ];

    /// <summary>Cancels this host's runs and waits until they have ended, unless called from within one.</summary>
    public async ValueTask DisposeAsync()
    {
        lock (changing)
        {
            if (!isDisposed && running == 0)
                ended.TrySetResult();
            isDisposed = true;
        }
        await lifetime.CancelAsync().ConfigureAwait(false);
        if (DeviceRuntime.Current is null)
            await ended.Task.ConfigureAwait(false);
    }

    private async Task RunIntoAsync<T>(
        RunPlan plan,
        Func<RunContext, T> work,
        UpdateQueue updates,
        CancellationToken leaving,
        CancellationToken cancellationToken
    )
    {
        try
        {
            var result = await RunAsync(plan, work, updates.Add, leaving).ConfigureAwait(false);
            updates.Add(new RunCompleted<T>(result) { Progress = 1 });
            updates.Complete();
        }
        catch (OperationCanceledException exception) when (cancellationToken.IsCancellationRequested)
        {
            updates.Complete(new OperationCanceledException(exception.Message, exception, cancellationToken));
        }
#pragma warning disable CA1031 // Handed to whoever reads the stream.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            updates.Complete(exception);
        }
    }

    private async Task<T> RunAsync<T>(
        RunPlan plan,
        Func<RunContext, T> work,
        Action<RunUpdate>? report,
        CancellationToken cancellationToken
    )
    {
        Enter();
        using var operation = new Operation(plan.Name, plan.Models[0].Name, plan.Seed, recordPrompts ? plan.Prompts : null, logger);
        try
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, lifetime.Token);
            using var reservation = await Reservation
                .OfAsync(plan.Models.Select(static model => model.Runtime), stop.Token)
                .ConfigureAwait(false);
            return await plan.Models[0]
                .Runtime.RunAsync(() => Run(plan, work, report, operation, stop.Token), stop.Token)
                .ConfigureAwait(false);
        }
        catch (OperationCanceledException exception) when (cancellationToken.IsCancellationRequested)
        {
            operation.Fails(exception);
            throw new OperationCanceledException(exception.Message, exception, cancellationToken);
        }
        catch (Exception exception)
        {
            operation.Fails(exception);
            throw;
        }
        finally
        {
            Leave();
        }
    }

    private T Run<T>(
        RunPlan plan,
        Func<RunContext, T> work,
        Action<RunUpdate>? report,
        Operation operation,
        CancellationToken cancellationToken
    )
    {
        var (devices, workload) = Estimate(plan);
        operation.Starts(devices[0].Estimate, workload, plan.Warnings);
        foreach (var (_, estimate) in devices)
            estimate.EnsureFits();
        using var scope = torch.NewDisposeScope();
        using var run = new RunContext(devices, workload, logger, report, cancellationToken);
        try
        {
            var result = work(run);
            operation.Ends(run.Finish(), run.Accepted);
            return result;
        }
        finally
        {
            foreach (var (runtime, _) in devices)
                OnItsWorker(runtime, runtime.Residency.Leave);
        }
    }

    private static void OnItsWorker(DeviceRuntime runtime, Action action)
    {
        if (runtime.IsWorkerThread)
            action();
        else
            runtime.RunAsync(action).GetAwaiter().GetResult();
    }

    private void Enter()
    {
        lock (changing)
        {
            ObjectDisposedException.ThrowIf(isDisposed, owner);
            running++;
        }
    }

    private void Leave()
    {
        lock (changing)
        {
            if (--running == 0 && isDisposed)
                ended.TrySetResult();
        }
    }
}
