using System.Runtime.ExceptionServices;
using ImgAlign.Runtime;
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

    /// <summary>
    /// Runs the same work on several threads, without gradients and each within a dispose scope, and waits for all of them. They share the
    /// processors that this thread computes with. When one fails, the others end at their next meeting. A group of one runs on this thread.
    /// </summary>
    /// <param name="size">The number of threads.</param>
    /// <param name="work">The work of each member.</param>
    /// <returns>The results by rank.</returns>
    /// <exception cref="Exception">The failure of the first member that failed by itself, by rank.</exception>
    public static IReadOnlyList<TResult> Run<TResult>(int size, Func<IProcessGroup, TResult> work)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentNullException.ThrowIfNull(work);
        if (size == 1)
            return [RunInScope(work, SingleProcess.Instance)];
        using var meeting = new Meeting(size);
        var results = new TResult[size];
        var processors = get_num_threads();
        var threads = Enumerable
            .Range(0, size)
            .Select(rank => new Thread(() =>
                meeting.Guard(
                    rank,
                    () =>
                    {
                        set_num_threads(Math.Max(1, processors / size));
                        results[rank] = RunInScope(work, new InProcessGroup(meeting, rank));
                    }
                )
            ))
            .ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        set_num_threads(processors); // threads that begin later take over the number that was set last
        meeting.ThrowFailure();
        return results;
    }

    /// <inheritdoc/>
    public void AllReduceMean(IReadOnlyList<Tensor> tensors) =>
        Meet(
            tensors,
            everyone =>
            {
                foreach (var (index, mean) in tensors.Index())
                {
                    foreach (var other in everyone.Skip(1))
                        mean.PlusInPlace(other[index]);
                    mean.DividedByInPlace(Size);
                }
            }
        );

    /// <inheritdoc/>
    public void Broadcast(IReadOnlyList<Tensor> tensors) => Meet(tensors, static _ => { });

    // The first member computes; then everyone takes what it has.
    private void Meet(IReadOnlyList<Tensor> tensors, Action<IReadOnlyList<Tensor>[]> computeFirst)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        meeting.Tensors[Rank] = tensors;
        meeting.Wait();
        if (Rank == 0)
            computeFirst(meeting.Tensors);
        meeting.Wait();
        if (Rank != 0)
        {
            foreach (var (own, first) in tensors.Zip(meeting.Tensors[0]))
                own.copy_(first);
        }
        meeting.Wait();
    }

    private static TResult RunInScope<TResult>(Func<IProcessGroup, TResult> work, IProcessGroup group)
    {
        using var stack = SignalStack.Enlarge();
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return work(group);
    }

    private sealed class Meeting(int size) : IDisposable
    {
        private readonly Barrier barrier = new(size);
        private readonly CancellationTokenSource broken = new();
        private readonly ExceptionDispatchInfo?[] failures = new ExceptionDispatchInfo?[size];

        public IReadOnlyList<Tensor>[] Tensors { get; } = new IReadOnlyList<Tensor>[size];

        public void Wait() => barrier.SignalAndWait(broken.Token);

        public void ThrowFailure() => Array.Find(failures, static failure => failure is not null)?.Throw();

        public void Guard(int rank, Action work)
        {
            try
            {
                work();
            }
            catch (OperationCanceledException exception) when (exception.CancellationToken == broken.Token)
            {
                // Another one has failed.
            }
#pragma warning disable CA1031 // Every exception is the caller's: it is thrown again on the caller's thread.
            catch (Exception exception)
#pragma warning restore CA1031
            {
                failures[rank] = ExceptionDispatchInfo.Capture(exception);
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
