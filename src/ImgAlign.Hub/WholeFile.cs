namespace ImgAlign.Hub;

/// <summary>Files that appear under their names whole or not at all, and replace what had the name.</summary>
internal static class WholeFile
{
    /// <summary>Writes a small file, and the folder that it lies in.</summary>
    public static void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        Make(path, unfinished => File.WriteAllText(unfinished, text));
    }

    /// <summary>Copies a file into a folder that is there.</summary>
    public static void Copy(string source, string path) => Make(path, unfinished => File.Copy(source, unfinished));

    private static void Make(string path, Action<string> make)
    {
        var unfinished = $"{path}.{Guid.NewGuid():N}.incomplete";
        try
        {
            make(unfinished);
            File.Move(unfinished, path, overwrite: true);
        }
        catch
        {
            File.Delete(unfinished);
            throw;
        }
    }
}
