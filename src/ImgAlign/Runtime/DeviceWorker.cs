using System.Collections.Concurrent;
using TorchSharp;

namespace ImgAlign.Runtime;

/// <summary>
/// The one thread that computes on a device. Dispose scopes and gradient mode belong to a thread, so a whole generation runs on it
/// synchronously; many callers may await, and are served one at a time in the order in which they asked.
/// </summary>
public sealed class DeviceWorker : IDisposable
{
    private readonly BlockingCollection<Action> queue = [];
    private readonly Lazy<Thread> thread;

    internal DeviceWorker(torch.Device device, int? threads)
    {
        thread = new Lazy<Thread>(() =>
        {
            var worker = new Thread(() => Work(threads)) { IsBackground = true, Name = $"ImgAlign {device}" };
            worker.Start();
            return worker;
        });
    }

    internal bool HasEnded => queue.IsAddingCompleted;

    internal bool IsCurrentThread => thread.IsValueCreated && thread.Value == Thread.CurrentThread;

    /// <summary>Runs work on the device's thread, without gradients and within a dispose scope: tensors do not outlive it.</summary>
    /// <param name="work">The work. Its result is managed data.</param>
    /// <param name="cancellationToken">Takes the work out of the queue; once it runs, the work itself watches the token.</param>
    /// <returns>The work's result or exception.</returns>
    public Task<TResult> RunAsync<TResult>(Func<TResult> work, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(work);
        ObjectDisposedException.ThrowIf(HasEnded, this);
        var completion = new TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously);
        var registration = cancellationToken.Register(() => completion.TrySetCanceled(cancellationToken));
        _ = thread.Value;
        // The caller's activity and log scopes come along.
        var context = ExecutionContext.Capture();
        queue.Add(() =>
        {
            if (context is null) Complete(completion, registration, work, cancellationToken);
            else ExecutionContext.Run(context, _ => Complete(completion, registration, work, cancellationToken), null);
        }, CancellationToken.None);
        return completion.Task;
    }

    /// <inheritdoc cref="RunAsync{TResult}"/>
    public Task RunAsync(Action work, CancellationToken cancellationToken = default) =>
        RunAsync(() => { work(); return true; }, cancellationToken);

    /// <summary>Finishes what is queued and ends the thread. Must not be called from the worker thread.</summary>
    public void Dispose()
    {
        if (HasEnded) return;
        queue.CompleteAdding();
        if (thread.IsValueCreated) thread.Value.Join();
        queue.Dispose();
    }

    private void Work(int? threads)
    {
        using var stack = SignalStack.Enlarge();
        // libtorch's number of threads belongs to the calling thread.
        if (threads is { } count) torch.set_num_threads(count);
        foreach (var work in queue.GetConsumingEnumerable()) work();
    }

    private static void Complete<TResult>(TaskCompletionSource<TResult> completion, CancellationTokenRegistration registration, Func<TResult> work, CancellationToken cancellationToken)
    {
        // Once the work runs, a cancellation must not complete the task before the work has ended and freed its tensors.
        registration.Dispose();
        if (completion.Task.IsCompleted) return;
        try
        {
            completion.TrySetResult(RunInScope(work));
        }
        catch (OperationCanceledException exception) when (exception.CancellationToken == cancellationToken)
        {
            completion.TrySetCanceled(cancellationToken);
        }
#pragma warning disable CA1031 // Every exception is the caller's: it is handed over by the task.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            completion.TrySetException(exception);
        }
    }

    private static TResult RunInScope<TResult>(Func<TResult> work)
    {
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        return work();
    }
}
