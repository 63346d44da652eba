using System.Runtime.ExceptionServices;
using static TorchSharp.torch;

namespace ImgAlign.Training.Parallel;

/// <summary>A group whose members are threads of this process.</summary>
public sealed class InProcessGroup : IProcessGroup
{
    private readonly Meeting meeting;

    private InProcessGroup(Meeting meeting, int rank)
    {
        this.meeting = meeting;
        Rank = rank;
    }

    /// <inheritdoc/>
    public int Rank { get; }

    /// <inheritdoc/>
    public int Size => meeting.Tensors.Length;

    /// <summary>Runs the same work on several threads and waits for all of them. When one fails, the others end at their next meeting.</summary>
    /// <param name="size">The number of threads.</param>
    /// <param name="work">The work of each member.</param>
    /// <returns>The results by rank.</returns>
    /// <exception cref="Exception">The first failure.</exception>
    public static IReadOnlyList<TResult> Run<TResult>(int size, Func<IProcessGroup, TResult> work)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentNullException.ThrowIfNull(work);
        using var meeting = new Meeting(size);
        var results = new TResult[size];
        var threads = Enumerable.Range(0, size).Select(rank => new Thread(() => meeting.Guard(() => results[rank] = work(new InProcessGroup(meeting, rank))))).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        meeting.Failure?.Throw();
        return results;
    }

    /// <inheritdoc/>
    public void AllReduceMean(IReadOnlyList<Tensor> tensors) => Meet(tensors, everyone =>
    {
        foreach (var (index, mean) in tensors.Index())
        {
            foreach (var other in everyone.Skip(1)) mean.add_(other[index]);
            mean.div_(Size);
        }
    });

    /// <inheritdoc/>
    public void Broadcast(IReadOnlyList<Tensor> tensors) => Meet(tensors, static _ => { });

    // The first member computes; then everyone takes what it has.
    private void Meet(IReadOnlyList<Tensor> tensors, Action<IReadOnlyList<Tensor>[]> computeFirst)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        meeting.Tensors[Rank] = tensors;
        meeting.Wait();
        if (Rank == 0) computeFirst(meeting.Tensors);
        meeting.Wait();
        if (Rank != 0)
        {
            foreach (var (own, first) in tensors.Zip(meeting.Tensors[0])) own.copy_(first);
        }
        meeting.Wait();
    }

    private sealed class Meeting(int size) : IDisposable
    {
        private readonly Barrier barrier = new(size);
        private readonly CancellationTokenSource broken = new();
        private ExceptionDispatchInfo? failure;

        public IReadOnlyList<Tensor>[] Tensors { get; } = new IReadOnlyList<Tensor>[size];

        public ExceptionDispatchInfo? Failure => failure;

        public void Wait() => barrier.SignalAndWait(broken.Token);

        public void Guard(Action work)
        {
            try
            {
                work();
            }
#pragma warning disable CA1031 // Every exception is the caller's: it is thrown again on the caller's thread.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(exception), null);
                broken.Cancel();
            }
        }

        public void Dispose()
        {
            barrier.Dispose();
            broken.Dispose();
        }
    }
}
