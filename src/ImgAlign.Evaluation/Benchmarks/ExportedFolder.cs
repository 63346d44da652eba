namespace ImgAlign.Evaluation.Benchmarks;

/// <summary>A folder of an export, which is there whole or not at all.</summary>
internal static class ExportedFolder
{
    /// <summary>Writes a folder, which takes the place of an earlier export when it is whole.</summary>
    /// <param name="target">The folder.</param>
    /// <param name="fill">Writes the files; is given the empty folder to write into, and the target.</param>
    /// <exception cref="ImgAlignException">The target holds files that this export does not write, such as an evaluator's results; it is as
    /// it was.</exception>
    public static void Replace(string target, Action<string, string> fill)
    {
        var unfinished = Path.Combine(Path.GetDirectoryName(target)!, $".{Path.GetFileName(target)}.part");
        if (Directory.Exists(unfinished)) // of a run that was killed
            Directory.Delete(unfinished, recursive: true);
        Directory.CreateDirectory(unfinished);
        try
        {
            fill(unfinished, target);
            if (Directory.Exists(target))
            {
                if (FilesIn(target).Except(FilesIn(unfinished)).FirstOrDefault() is { } other)
                    throw new ImgAlignException(
                        $"{target}: the folder holds '{other}', which is no part of this export and would be lost; move it, or export "
                            + "into another folder."
                    );
                Directory.Delete(target, recursive: true);
            }
            Directory.Move(unfinished, target);
        }
        catch
        {
            Directory.Delete(unfinished, recursive: true);
            throw;
        }
    }

    private static IEnumerable<string> FilesIn(string folder) =>
        Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Select(file => Path.GetRelativePath(folder, file));
}
