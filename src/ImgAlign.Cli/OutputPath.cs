namespace ImgAlign.Cli;

/// <summary>Looks, before anything is computed, whether its results can be written.</summary>
internal static class OutputPath
{
    /// <summary>Makes sure that files can be written into a folder, which need not exist; leaves nothing behind.</summary>
    /// <param name="folder">The folder.</param>
    /// <exception cref="ImgAlignException">Something on the way to it is a file, or it cannot be written to.</exception>
    public static void RequireWritable(string folder)
    {
        var existing = Path.GetFullPath(folder);
        while (!Directory.Exists(existing))
        {
            if (File.Exists(existing))
                throw new ImgAlignException($"{existing}: this is a file, but a folder is needed to write results into; name another one.");
            existing =
                Path.GetDirectoryName(existing) ?? throw new ImgAlignException($"{folder}: there is no such drive; name another folder.");
        }
        var probe = Path.Combine(existing, $".imgalign-{Guid.NewGuid():N}.part");
        try
        {
            Directory.CreateDirectory(probe);
            Directory.Delete(probe);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ImgAlignException(
                $"{existing}: results cannot be written here ({exception.Message.TrimEnd('.')}); name another folder, or change "
                    + "its permissions.",
                exception
            );
        }
    }

    /// <summary>Makes sure that a file can be written, and that it replaces another only when that was asked for.</summary>
    /// <param name="file">The file.</param>
    /// <param name="overwrite">Whether an existing one is replaced.</param>
    /// <exception cref="ImgAlignException">It exists, is a folder, or cannot be written.</exception>
    public static void RequireFree(string file, bool overwrite)
    {
        RequireAbsent(file, overwrite);
        RequireWritable(Path.GetDirectoryName(Path.GetFullPath(file))!);
    }

    /// <summary>Makes sure that a file replaces another only when that was asked for; whether it can be written is not tried.</summary>
    /// <param name="file">The file.</param>
    /// <param name="overwrite">Whether an existing one is replaced.</param>
    /// <exception cref="ImgAlignException">It exists, or is a folder.</exception>
    public static void RequireAbsent(string file, bool overwrite)
    {
        if (Directory.Exists(file))
            throw new ImgAlignException($"{file}: this is a folder, but a file is needed; name a file in it.");
        if (File.Exists(file) && !overwrite)
            throw new ImgAlignException($"{file}: the file exists; name another one, or replace it with --overwrite.");
    }
}
