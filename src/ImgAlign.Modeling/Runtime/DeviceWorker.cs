using System.Threading.Channels;
using TorchSharp;

namespace ImgAlign.Runtime;

/// <summary>
/// The one thread that computes on a device. Gradient mode and number of threads belong to a thread, so everything on the device runs on it
/// synchronously; many callers may await, and are served in the order in which they asked.
/// </summary>
internal sealed class DeviceWorker
{
    [ThreadStatic]
    private static DeviceRuntime? current;

    private readonly Channel<WorkItem> queue = Channel.CreateUnbounded<WorkItem>(new UnboundedChannelOptions { SingleReader = true });
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lazy<Thread> thread;

    public DeviceWorker(DeviceRuntime device) =>
        thread = new Lazy<Thread>(() =>
        {
            var worker = new Thread(() => Work(device)) { IsBackground = true, Name = $"ImgAlign {device.Name}" };
            worker.Start();
            return worker;
        });

    /// <summary>The device whose thread this is; null on all other threads.</summary>
    public static DeviceRuntime? Current => current;

    /// <summary>The token of the work that runs now, for what goes on deep inside of it, such as reading weights.</summary>
    public CancellationToken CancellationToken { get; private set; }

    /// <summary>Runs work on the thread, without gradients.</summary>
    /// <exception cref="ObjectDisposedException">The thread has ended or is about to.</exception>
    public Task<TResult> RunAsync<TResult>(Func<TResult> work, CancellationToken cancellationToken)
    {
        var item = new WorkItem<TResult>(work, cancellationToken);
        ObjectDisposedException.ThrowIf(!queue.Writer.TryWrite(item), typeof(DeviceRuntime));
        _ = thread.Value;
        item.WatchCancellation();
        return item.Task;
    }

    /// <summary>Finishes what is queued and ends the thread, without waiting for it.</summary>
    /// <returns>Ends with the thread.</returns>
    public Task EndAsync()
    {
        if (!queue.Writer.TryComplete())
            return ended.Task;
        if (!thread.IsValueCreated)
            ended.TrySetResult();
        return ended.Task;
    }

    private void Work(DeviceRuntime device)
    {
        using var stack = SignalStack.Enlarge();
        current = device;
        // libtorch's number of threads belongs to the calling thread.
        if (device.Options.Threads is { } count)
            torch.set_num_threads(count);
        using (torch.no_grad())
        {
            while (queue.Reader.WaitToReadAsync().AsTask().GetAwaiter().GetResult())
            {
                while (queue.Reader.TryRead(out var item))
                {
                    CancellationToken = item.CancellationToken;
                    item.Run();
                    CancellationToken = default;
                }
            }
        }
        ended.TrySetResult();
    }

    private abstract class WorkItem(CancellationToken cancellationToken)
    {
        public CancellationToken CancellationToken => cancellationToken;

        public abstract void Run();
    }

    private sealed class WorkItem<TResult>(Func<TResult> work, CancellationToken cancellationToken) : WorkItem(cancellationToken)
    {
        private readonly TaskCompletionSource<TResult> completion = new(TaskCreationOptions.RunContinuationsAsynchronously);

        // The caller's activity and log scopes come along.
        private readonly ExecutionContext? context = ExecutionContext.Capture();
        private CancellationTokenRegistration registration;
        private int hasStarted;

        public Task<TResult> Task => completion.Task;

        /// <summary>A cancellation takes the work out of the queue; once it runs, it watches the token itself, and the task ends when it
        /// has freed its tensors.</summary>
        public void WatchCancellation() =>
            registration = CancellationToken.Register(() =>
            {
                if (Interlocked.Exchange(ref hasStarted, 1) == 0)
                    completion.TrySetCanceled(CancellationToken);
            });

        public override void Run()
        {
            if (Interlocked.Exchange(ref hasStarted, 1) != 0)
                return;
            registration.Dispose();
            if (context is null)
                Complete();
            else
                ExecutionContext.Run(context, static item => ((WorkItem<TResult>)item!).Complete(), this);
        }

        private void Complete()
        {
            try
            {
                completion.TrySetResult(work());
            }
            catch (OperationCanceledException exception) when (exception.CancellationToken == CancellationToken)
            {
                completion.TrySetCanceled(CancellationToken);
            }
#pragma warning disable CA1031 // Every exception is the caller's: it is handed over by the task.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                completion.TrySetException(exception);
            }
        }
    }
}
