namespace ImgAlign.Checkpoints;

/// <summary>What tells a file from another one that has taken its place.</summary>
/// <param name="Path">The path.</param>
/// <param name="Length">Bytes.</param>
/// <param name="Written">When it was last written.</param>
internal readonly record struct FileState(string Path, long Length, DateTime Written)
{
    /// <summary>The state of a file now; by its handle, because the hub's cache consists of links.</summary>
    public static FileState Of(string path)
    {
        using var file = File.OpenHandle(path);
        return new(path, RandomAccess.GetLength(file), File.GetLastWriteTimeUtc(file));
    }
}
