namespace ImgAlign.Hub.Transfer;

/// <summary>The bytes of one file that are here, reported as part of those of all files.</summary>
internal sealed class ByteCount(DownloadTotal total)
{
    private long _bytes;

    public void Add(long bytes)
    {
        Interlocked.Add(ref _bytes, bytes);
        total.Add(bytes);
    }

    /// <summary>The file begins again.</summary>
    public void Restart() => total.Add(-Interlocked.Exchange(ref _bytes, 0));
}
