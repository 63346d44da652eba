using System.Globalization;
using ImgAlign.Hub.Transfer;

namespace ImgAlign.Hub;

/// <summary>Puts the files of one commit into the cache, as Python's client lays them out.</summary>
internal sealed class SnapshotStore(HubCache cache, HubPlan plan, bool useSymbolicLinks)
{
    private const string CacheTag =
        "Signature: 8a477f597d28d172789f06886806bc55\n# This file is a cache directory tag created by huggingface_hub.\n"
        + "# For information about cache directory tags, see:\n#\thttps://bford.info/cachedir/\n";

    private readonly RepositoryFolder _repository = cache.Repository(plan.Reference);
    private readonly Lazy<bool> _useLinks = new(() => useSymbolicLinks && CanLink(cache.Folder));

    public HubSnapshot Snapshot => new(plan.Reference, plan.Commit, _repository.Snapshot(plan.Commit));

    /// <summary>Notes down which commit the revision is, and what the commit consists of.</summary>
    public void NoteCommit()
    {
        if (!plan.Reference.IsCommit && _repository.CommitOf(plan.Reference) != plan.Commit)
            _repository.WriteRef(plan.Reference.Revision, plan.Commit);
        if (plan.NewTree is { } tree)
            _repository.WriteTree(plan.Commit, tree);
    }

    /// <exception cref="HubException">The disk has less room than what is missing needs.</exception>
    public void CheckDisk(int partSize)
    {
        var free = cache.FreeBytes;
        var needed = plan
            .Missing.DistinctBy(file => file.Checksum)
            .Sum(file => file.Size - PartialFile.BytesPresent(PartialOf(file), file.Size, partSize));
        if (needed > free)
        {
            throw new HubException(
                HubError.DiskFull,
                $"{plan.Reference} needs {Gigabytes(needed)}, and the disk of {cache.Folder} has {Gigabytes(free)} free: "
                    + "make room, or set HF_HUB_CACHE to a folder on another disk."
            );
        }
    }

    /// <summary>Adds the files of <paramref name="sameContent"/>, which <paramref name="download"/> fetches once.</summary>
    public async Task AddAsync(HubFile[] sameContent, ContentDownload download, CancellationToken cancellationToken)
    {
        var file = sameContent[0];
        Directory.CreateDirectory(_repository.Blobs);
        var lockFile = Path.Combine(cache.Folder, ".locks", _repository.Name, file.Checksum + ".lock");
        using var alone = await FileLock.AcquireAsync(lockFile, cancellationToken).ConfigureAwait(false);
        var missing = _repository.MissingOf(plan.Commit, sameContent);
        if (missing.Length == 0)
            return;
        var blob = _repository.BlobOf(file);
        var isFetched = RepositoryFolder.Length(blob) != file.Size;
        if (isFetched)
            await FetchAsync(download, file, cancellationToken).ConfigureAwait(false);

        string[] targets = [.. missing.Select(name => _repository.FileOf(plan.Commit, name))];
        WriteCacheTag();
        foreach (var target in targets)
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        if (_useLinks.Value)
        {
            if (isFetched)
                File.Move(PartialOf(file), blob, overwrite: true);
            foreach (var target in targets)
                Link(target, blob);
            return;
        }
        foreach (var target in isFetched ? targets[1..] : targets)
            WholeFile.Copy(isFetched ? PartialOf(file) : blob, target);
        if (isFetched)
            File.Move(PartialOf(file), targets[0], overwrite: true);
    }

    private async Task FetchAsync(ContentDownload download, HubFile file, CancellationToken cancellationToken)
    {
        try
        {
            await download.RunAsync(PartialOf(file), cancellationToken).ConfigureAwait(false);
        }
        catch (BrokenTransferException e)
        {
            throw new HubException(
                HubError.Unreachable,
                $"{file.Path} of {plan.Reference} could not be fetched: {e.Message}, again and again. "
                    + "What has come is kept; try again later.",
                e
            );
        }
        catch (IOException e) when (IsDiskFull(e))
        {
            throw new HubException(
                HubError.DiskFull,
                $"The disk of {cache.Folder} is full while {file.Path} of {plan.Reference} comes: "
                    + "make room, and start again; what has come is kept.",
                e
            );
        }
    }

    /// <summary>What has come of a content. Python's client names its own parts differently and leaves this one alone.</summary>
    private string PartialOf(HubFile file) => _repository.BlobOf(file) + ".resumable.incomplete";

    private void WriteCacheTag()
    {
        var tag = Path.Combine(cache.Folder, "CACHEDIR.TAG");
        if (!File.Exists(tag))
            File.WriteAllText(tag, CacheTag);
    }

    private static void Link(string path, string blob)
    {
        File.Delete(path);
        File.CreateSymbolicLink(path, Path.GetRelativePath(Path.GetDirectoryName(path)!, blob));
    }

    /// <summary>Whether this system and this disk have symbolic links; Windows has them for some users only.</summary>
    private static bool CanLink(string folder)
    {
        var probe = Path.Combine(folder, $".link-{Guid.NewGuid():N}");
        try
        {
            File.CreateSymbolicLink(probe, "CACHEDIR.TAG");
            File.Delete(probe);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    // ERROR_DISK_FULL and ERROR_HANDLE_DISK_FULL on Windows; ENOSPC and EDQUOT of Linux, EDQUOT of macOS.
    private static bool IsDiskFull(IOException e) =>
        OperatingSystem.IsWindows() ? (e.HResult & 0xFFFF) is 112 or 39 : e.HResult is 28 or 122 or 69;

    private static string Gigabytes(long bytes) => string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.00} GB");
}
