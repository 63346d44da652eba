namespace ImgAlign.Hub.Transfer;

/// <summary>The bytes of a file from <paramref name="Start"/> to <paramref name="End"/>, exclusive.</summary>
internal readonly record struct FilePart(long Start, long End)
{
    public long Length => End - Start;
}
