namespace ImgAlign.Hub;

/// <summary>
/// The cache on disk, shared with Python's tools: <c>models--owner--name</c> with <c>refs</c> (revision to commit), <c>blobs</c> (content
/// by checksum), <c>snapshots</c> (the files of a commit, links to blobs) and <c>trees</c> (what a commit consists of). Reading asks
/// nobody.
/// </summary>
public sealed class HubCache
{
    /// <summary>The cache that this process's environment variables name (<see cref="HubOptions.CacheFolder"/>).</summary>
    public HubCache()
        : this(new HubEnvironment(Environment.GetEnvironmentVariable).CacheFolder) { }

    /// <summary>The cache at <paramref name="folder"/>, which need not exist.</summary>
    public HubCache(string folder) => Folder = Path.GetFullPath(folder);

    /// <summary>The folder of the cache.</summary>
    public string Folder { get; }

    /// <summary>Bytes that are free on its disk.</summary>
    public long FreeBytes
    {
        get
        {
            // The folder itself may come with the first download.
            var existing = Folder;
            while (!Directory.Exists(existing))
                existing = Path.GetDirectoryName(existing)!;
            return new DriveInfo(existing).AvailableFreeSpace;
        }
    }

    /// <summary>
    /// What the cache holds of <paramref name="reference"/>. A snapshot is whole if every wanted file that <c>trees</c> lists is there at
    /// its size; older clients wrote no <c>trees</c>, and what their snapshots hold is taken as it is.
    /// </summary>
    /// <exception cref="HubException">It is not there, or not all of it.</exception>
    public HubSnapshot Find(HubReference reference, HubFilter? filter = null)
    {
        var plan = Plan(reference, filter ?? HubFilter.All);
        if (plan.Missing.Count == 0)
            return new HubSnapshot(reference, plan.Commit, Repository(reference).Snapshot(plan.Commit));
        throw new HubException(
            HubError.NotInCache,
            $"The cache {Folder} holds {reference} only in part: "
                + $"{plan.Missing.Count} of {plan.Files.Count} files are missing, {plan.Missing[0].Path} among them."
        );
    }

    /// <summary>As <see cref="Find"/>; null where something is missing.</summary>
    public HubSnapshot? TryFind(HubReference reference, HubFilter? filter = null)
    {
        try
        {
            return Find(reference, filter);
        }
        catch (HubException e) when (e.Error is HubError.NotInCache or HubError.FileNotFound)
        {
            return null;
        }
    }

    internal RepositoryFolder Repository(HubReference reference) => new(Path.Combine(Folder, reference.FolderName));

    internal HubPlan Plan(HubReference reference, HubFilter filter)
    {
        var repository = Repository(reference);
        if (repository.CommitOf(reference) is not { } commit)
            throw new HubException(HubError.NotInCache, $"{reference} is not in the cache {Folder}.");
        var files = repository.ReadTree(commit) ?? repository.Listed(commit);
        HubFile[] wanted =
            reference.Path is not { } path ? filter.Select(files, $"{reference} in the cache {Folder}")
            : files.FirstOrDefault(file => file.Path == path) is { } file ? [file]
            : throw new HubException(HubError.NotInCache, $"{reference} is not in the cache {Folder}.");
        return new HubPlan(reference, commit, wanted) { Missing = repository.MissingOf(commit, wanted) };
    }
}
