using ImgAlign.Runtime;
using TorchSharp;

namespace ImgAlign.Tests.Runtime;

public class DeviceRuntimeTests
{
    [Fact]
    public async Task Work_runs_one_at_a_time_in_order_on_one_thread()
    {
        using var worker = new DeviceRuntime(new RuntimeOptions { Threads = 1 });
        var running = 0;
        var order = new List<int>();
        var threads = await Task.WhenAll(
            Enumerable
                .Range(0, 20)
                .Select(i =>
                    worker.RunAsync(() =>
                    {
                        Assert.Equal(1, Interlocked.Increment(ref running));
                        order.Add(i);
                        Thread.Yield();
                        Interlocked.Decrement(ref running);
                        return Environment.CurrentManagedThreadId;
                    })
                )
        );
        Assert.Single(threads.Distinct());
        Assert.Equal(Enumerable.Range(0, 20), order);
    }

    [Fact]
    public async Task Work_runs_without_gradients_and_knows_its_thread_and_token()
    {
        using var worker = new DeviceRuntime(new RuntimeOptions());
        using var cancellation = new CancellationTokenSource();
        Assert.False(worker.IsWorkerThread);
        Assert.True(
            await worker.RunAsync(
                () =>
                    worker.IsWorkerThread
                    && DeviceRuntime.Current == worker
                    && !torch.is_grad_enabled()
                    && worker.CancellationToken == cancellation.Token,
                cancellation.Token
            )
        );
        await Assert.ThrowsAsync<InvalidOperationException>(() => worker.RunAsync(static () => throw new InvalidOperationException()));
    }

    [Fact]
    public async Task Reservations_are_served_in_their_order()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions());
        var first = await runtime.ReserveAsync();
        var waiting = Enumerable.Range(0, 3).Select(_ => runtime.ReserveAsync()).ToList();
        Assert.Equal(3, runtime.QueueLength);
        first.Dispose();
        for (var i = 0; i < waiting.Count; i++)
        {
            var lease = await waiting[i];
            Assert.All(waiting.Skip(i + 1), static later => Assert.False(later.IsCompleted));
            lease.Dispose();
        }
    }

    [Fact]
    public async Task Queued_work_is_cancelled_at_once_and_never_runs()
    {
        using var worker = new DeviceRuntime(new RuntimeOptions());
        using var gate = new ManualResetEventSlim();
        using var cancellation = new CancellationTokenSource();
        var first = worker.RunAsync(gate.Wait);
        var ran = false;
        var second = worker.RunAsync(
            () =>
            {
                ran = true;
            },
            cancellation.Token
        );
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        gate.Set();
        await first;
        await worker.RunAsync(() => { });
        Assert.False(ran);
    }
}
