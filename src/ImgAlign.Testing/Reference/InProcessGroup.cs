using System.Runtime.ExceptionServices;
using ImgAlign.Runtime;
using ImgAlign.Training.Parallel;
using static TorchSharp.torch;

namespace ImgAlign.Testing.Reference;

/// <summary>A group whose members are threads of this process, for checks.</summary>
internal sealed class InProcessGroup : IProcessGroup
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
    public int Size => meeting.Given.Length;

    /// <summary>
    /// Runs the same work on several threads, without gradients and each within a dispose scope, and waits for all of them. They share the
    /// processors that this thread computes with. When one fails, the others end at their next meeting. A group of one runs on this thread.
    /// </summary>
    /// <param name="size">The number of threads.</param>
    /// <param name="work">The work of each member; it is given no group where it is alone.</param>
    /// <returns>The results by rank.</returns>
    /// <exception cref="Exception">The failure of the first member that failed by itself, by rank.</exception>
    public static IReadOnlyList<TResult> Run<TResult>(int size, Func<IProcessGroup?, TResult> work)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        ArgumentNullException.ThrowIfNull(work);
        if (size == 1)
            return [RunInScope(work, group: null)];
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
    public void Sum(Span<double> values)
    {
        var sums = new double[values.Length];
        foreach (var given in Meet(values.ToArray()))
        {
            foreach (var (index, value) in given.Index())
                sums[index] += value;
        }
        sums.CopyTo(values);
    }

    /// <inheritdoc/>
    public string Broadcast(string text) => Meet(text)[0];

    /// <inheritdoc/>
    public void Broadcast(Tensor tensor) => Exchange(tensor, (given, own) => own.copy_(given[0]));

    /// <inheritdoc/>
    public void ReduceScatterMean(Tensor tensor) =>
        Exchange(
            tensor,
            (given, own) => own.view(Size, -1)[Rank].copy_(stack(given.Select(other => other.view(Size, -1)[Rank].to(float64))).mean([0L]))
        );

    /// <inheritdoc/>
    public void AllGather(Tensor tensor) =>
        Exchange(
            tensor,
            (given, own) =>
            {
                foreach (var (rank, other) in given.Index())
                    own.view(Size, -1)[rank].copy_(other.view(Size, -1)[rank]);
            }
        );

    /// <inheritdoc/>
    public void Synchronize() { }

    /// <inheritdoc/>
    public void Complete() { }

    /// <inheritdoc/>
    public void Dispose() { }

    // Members read copies: each writes into its own tensor while others still read.
    private void Exchange(Tensor tensor, Action<IReadOnlyList<Tensor>, Tensor> write)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        write(Meet(tensor.clone()), tensor);
        meeting.Wait();
    }

    // What all members give, by rank.
    private List<T> Meet<T>(T given)
    {
        meeting.Given[Rank] = given;
        meeting.Wait();
        var all = meeting.Given.Cast<T>().ToList();
        meeting.Wait();
        return all;
    }

    private static TResult RunInScope<TResult>(Func<IProcessGroup?, TResult> work, IProcessGroup? group)
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

        public object?[] Given { get; } = new object?[size];

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
