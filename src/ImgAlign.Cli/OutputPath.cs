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
            if (File.Exists(existing)) throw new ImgAlignException($"{existing}: this is a file, but a folder is needed to write results into; name another one.");
            existing = Path.GetDirectoryName(existing) ?? throw new ImgAlignException($"{folder}: there is no such drive; name another folder.");
        }
        var probe = Path.Combine(existing, $".imgalign-{Guid.NewGuid():N}.part");
        try
        {
            Directory.CreateDirectory(probe);
            Directory.Delete(probe);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ImgAlignException($"{existing}: results cannot be written here ({exception.Message.TrimEnd('.')}); name another folder, or change its permissions.", exception);
        }
    }
}
