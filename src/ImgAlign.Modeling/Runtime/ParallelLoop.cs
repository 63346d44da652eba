namespace ImgAlign.Runtime;

/// <summary>A loop that several threads of the pool share, each with the signal stack that computing needs.</summary>
public static class ParallelLoop
{
    /// <summary>Runs a worker on each thread; every number below <paramref name="count"/> is drawn by one of them. Returns when all have
    /// ended.</summary>
    /// <param name="count">How many numbers there are.</param>
    /// <param name="threads">The most threads at once, the calling one included.</param>
    /// <param name="worker">Enumerates the numbers that fall to it, and keeps what it needs for all of them.</param>
    public static void Run(int count, int threads, Action<IEnumerable<int>> worker)
    {
        var next = -1;
        var workers = Math.Min(count, threads);
        Parallel.For(
            0,
            workers,
            new ParallelOptions { MaxDegreeOfParallelism = Math.Max(1, workers) },
            _ =>
            {
                using var stack = SignalStack.Enlarge();
                worker(Draw());
            }
        );

        IEnumerable<int> Draw()
        {
            for (int number; (number = Interlocked.Increment(ref next)) < count; )
                yield return number;
        }
    }
}
