namespace ImgAlign.Hub.Transfer;

/// <summary>The bytes of all files of a download, and who wants to know.</summary>
internal sealed class DownloadTotal(long total, IProgress<HubProgress>? progress)
{
    private long _bytes;

    public void Add(long bytes)
    {
        if (bytes != 0)
            progress?.Report(new HubProgress(Interlocked.Add(ref _bytes, bytes), total));
    }
}
