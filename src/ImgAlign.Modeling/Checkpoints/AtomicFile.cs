namespace ImgAlign.Checkpoints;

/// <summary>Writes files so that a failure destroys nothing: beside the target first, then renamed.</summary>
public static class AtomicFile
{
    /// <summary>Writes a file, which replaces an older one only when it is complete and on the disk.</summary>
    /// <param name="path">The file. Its folder must exist.</param>
    /// <param name="write">Writes the contents. When it throws, nothing is left behind and an older file is as it was.</param>
    /// <exception cref="IOException">The file cannot be written; an older one is as it was.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(write);
        var temporary = $"{path}.{Guid.NewGuid():N}.part";
        try
        {
            using (var file = new FileStream(temporary, FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                write(file);
                file.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            File.Delete(temporary);
        }
    }

    /// <summary>Deletes what killed processes have left of files that they were writing. Nobody may be writing one of them.</summary>
    /// <param name="folder">The folder of the files.</param>
    /// <param name="pattern">Their names, as of <see cref="Directory.EnumerateFiles(string, string)"/>.</param>
    public static void DeleteUnfinished(string folder, string pattern)
    {
        foreach (var file in Directory.EnumerateFiles(folder, $"{pattern}.*.part"))
        {
            if (Guid.TryParseExact(Path.GetExtension(Path.GetFileNameWithoutExtension(file)).TrimStart('.'), "N", out _))
                File.Delete(file);
        }
    }
}
