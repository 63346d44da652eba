using System.Runtime.CompilerServices;

namespace ImgAlign.Server.Files;

/// <summary>Files in a folder, which several machines may share.</summary>
internal sealed class FolderFileStore(string path) : IFileStore
{
    private readonly string root = Directory.CreateDirectory(path).FullName;

    /// <inheritdoc/>
    public async Task WriteAsync(string name, byte[] content, CancellationToken cancellationToken)
    {
        var target = PathOf(name);
        var folder = Directory.CreateDirectory(Path.GetDirectoryName(target)!).FullName;
        var unfinished = Path.Combine(folder, $".{Guid.NewGuid():N}.unfinished");
        try
        {
            await File.WriteAllBytesAsync(unfinished, content, cancellationToken);
            File.Move(unfinished, target, overwrite: true);
        }
        finally
        {
            File.Delete(unfinished);
        }
    }

    /// <inheritdoc/>
    public async Task<byte[]?> ReadAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllBytesAsync(PathOf(name), cancellationToken);
        }
        catch (Exception exception) when (exception is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<StoredFile> ListAsync(string folder, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.Yield(); // a large folder takes its time
        var start = new DirectoryInfo(PathOf(folder));
        if (!start.Exists)
            yield break;
        foreach (var file in start.EnumerateFiles("*", SearchOption.AllDirectories))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (file.Exists) // it may be gone meanwhile
                yield return new StoredFile(
                    Path.GetRelativePath(root, file.FullName).Replace(Path.DirectorySeparatorChar, '/'),
                    file.Length,
                    file.LastWriteTimeUtc
                );
        }
    }

    /// <inheritdoc/>
    public Task DeleteAsync(string name, CancellationToken cancellationToken)
    {
        var file = new FileInfo(PathOf(name));
        if (!file.Exists)
            return Task.CompletedTask;
        try
        {
            file.Delete();
        }
        catch (DirectoryNotFoundException)
        {
            return Task.CompletedTask; // someone else has deleted it meanwhile, with its folder
        }
        try
        {
            for (var folder = file.Directory!; folder.FullName != root && !folder.EnumerateFileSystemInfos().Any(); folder = folder.Parent!)
                folder.Delete();
        }
        catch (IOException)
        {
            // Someone else has deleted the folder, or has written to it; the file is gone, which is what was asked.
        }
        return Task.CompletedTask;
    }

    private string PathOf(string name) => Path.Combine(root, name.Replace('/', Path.DirectorySeparatorChar));
}
