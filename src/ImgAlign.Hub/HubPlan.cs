namespace ImgAlign.Hub;

/// <summary>What a download will fetch. Nothing has been written for it.</summary>
public sealed class HubPlan
{
    internal HubPlan(HubReference reference, string commit, IReadOnlyList<HubFile> files)
    {
        Reference = reference;
        Commit = commit;
        Files = files;
    }

    /// <summary>What was asked for.</summary>
    public HubReference Reference { get; }

    /// <summary>The commit that the revision stands for now.</summary>
    public string Commit { get; }

    /// <summary>The wanted files, those that the cache already has included.</summary>
    public IReadOnlyList<HubFile> Files { get; }

    /// <summary>The files that the cache does not have.</summary>
    public IReadOnlyList<HubFile> Missing { get; internal init; } = [];

    /// <summary>Bytes to fetch, where content that lies under two names counts once.</summary>
    public long BytesToFetch => Missing.DistinctBy(file => file.Checksum).Sum(file => file.Size);

    /// <summary>The licence as the hub names it, such as <c>apache-2.0</c>; null where the hub was not asked or does not say.</summary>
    public string? License { get; internal init; }

    /// <summary>Whether terms have to be accepted on the hub's page before its files can be fetched.</summary>
    public bool IsGated { get; internal init; }

    /// <summary>All files of the commit, where the hub was asked for them because the cache has no note of them; else null.</summary>
    internal IReadOnlyList<HubFile>? NewTree { get; init; }
}
