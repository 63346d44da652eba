using ImgAlign.Runtime;
using TorchSharp;

namespace ImgAlign.Tests.Runtime;

public class DeviceWorkerTests
{
    [Fact]
    public async Task Work_runs_one_at_a_time_in_order_on_one_thread()
    {
        using var worker = new DeviceWorker(torch.CPU, threads: 1);
        var running = 0;
        var order = new List<int>();
        var threads = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => worker.RunAsync(() =>
        {
            Assert.Equal(1, Interlocked.Increment(ref running));
            order.Add(i);
            Thread.Yield();
            Interlocked.Decrement(ref running);
            return Environment.CurrentManagedThreadId;
        })));
        Assert.Single(threads.Distinct());
        Assert.Equal(Enumerable.Range(0, 20), order);
    }

    [Fact]
    public async Task Tensors_do_not_outlive_the_work()
    {
        using var worker = new DeviceWorker(torch.CPU, threads: null);
        var before = LiveTensors.Count();
        await worker.RunAsync(() => { _ = torch.ones(3) + 1; });
        Assert.Equal(before, torch.Tensor.TotalCount);
        await Assert.ThrowsAsync<InvalidOperationException>(() => worker.RunAsync(() => { _ = torch.ones(3) + 1; throw new InvalidOperationException(); }));
        Assert.Equal(before, torch.Tensor.TotalCount);
    }

    [Fact]
    public async Task Queued_work_is_cancelled_at_once_and_never_runs()
    {
        using var worker = new DeviceWorker(torch.CPU, threads: null);
        using var gate = new ManualResetEventSlim();
        using var cancellation = new CancellationTokenSource();
        var first = worker.RunAsync(gate.Wait);
        var ran = false;
        var second = worker.RunAsync(() => { ran = true; }, cancellation.Token);
        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => second);
        gate.Set();
        await first;
        await worker.RunAsync(() => { });
        Assert.False(ran);
    }
}
