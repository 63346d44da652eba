namespace ImgAlign.Server.Jobs;

/// <summary>Queues jobs again whose worker is silent. After the store was away, or this machine slept, workers first get the time to be
/// heard of again.</summary>
internal sealed class LostWorkers(JobStore store)
{
    private DateTimeOffset looked = DateTimeOffset.UtcNow;
    private DateTimeOffset judgesFrom = DateTimeOffset.MinValue;

    /// <summary>Looks once; called every second or so.</summary>
    /// <returns>The ids of jobs whose state has changed.</returns>
    public IReadOnlyList<string> Tend()
    {
        var now = DateTimeOffset.UtcNow;
        if (now - looked > JobKeeper.Patience)
            judgesFrom = now + JobKeeper.Patience;
        looked = now;
        return store.Tend(now < judgesFrom ? TimeSpan.MaxValue : JobKeeper.Patience);
    }

    /// <summary>Gives all workers time, since the store could not be reached.</summary>
    public void Forgive() => judgesFrom = DateTimeOffset.UtcNow + JobKeeper.Patience;
}
