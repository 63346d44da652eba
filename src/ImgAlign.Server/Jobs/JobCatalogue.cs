using System.Collections.Concurrent;

namespace ImgAlign.Server.Jobs;

/// <summary>The history of pictures. Finished jobs do not change, so that each is read once.</summary>
internal sealed class JobCatalogue(JobStore store)
{
    private readonly ConcurrentDictionary<string, Job> finished = new();

    /// <summary>Jobs from the newest on.</summary>
    /// <param name="search">Words that must all be in the prompt; null: all jobs.</param>
    /// <param name="offset">How many of them are left out.</param>
    /// <param name="limit">The most that are given.</param>
    public (IReadOnlyList<Job> Jobs, bool More) Find(string? search, int offset, int limit)
    {
        var ids = store.All();
        foreach (var gone in finished.Keys.Except(ids))
            finished.TryRemove(gone, out _);
        var words = (search ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var found = ids.Select(Read)
            .OfType<Job>()
            .Where(job => job.Work is null && words.All(word => job.Request.Prompt.Contains(word, StringComparison.OrdinalIgnoreCase)))
            .Skip(offset)
            .Take(limit + 1)
            .ToList();
        return (found[..Math.Min(limit, found.Count)], found.Count > limit);
    }

    private Job? Read(string id)
    {
        if (finished.TryGetValue(id, out var known))
            return known;
        var job = store.Find(id);
        if (job is { IsFinished: true })
            finished[id] = job;
        return job;
    }
}
