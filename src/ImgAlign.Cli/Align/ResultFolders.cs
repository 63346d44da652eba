using System.Security.Cryptography;
using System.Text;
using ImgAlign.Cli.Jobs;

namespace ImgAlign.Cli.Align;

/// <summary>
/// The results of a run: one folder a job, which appears with all of its files or not at all, and replaces another only when that was
/// asked for.
/// </summary>
/// <param name="root">The folder that they are in.</param>
/// <param name="overwrite">Whether results of earlier runs are replaced.</param>
/// <param name="isOfResult">Whether a file may be of a result by its name: a folder with others is not replaced.</param>
internal sealed class ResultFolders(string root, bool overwrite, Func<string, bool> isOfResult) : IResults
{
    /// <summary>The record of a result.</summary>
    public const string Record = "record.json";

    private const int LongestName = 60;

    private readonly string root = Path.GetFullPath(root);

    /// <summary>The folder of a prompt's results where none is named; different prompts have different ones.</summary>
    public static string DefaultRoot(string prompt)
    {
        var words = string.Concat(
            prompt.Select(static character => char.IsAsciiLetterOrDigit(character) ? char.ToLowerInvariant(character) : '-')
        );
        var name = words.Length <= LongestName ? words : words[..LongestName];
        // What the name cannot hold, such as punctuation or the end of a long prompt, tells prompts apart by a hash.
        if (name.Replace('-', ' ') != prompt)
            name = $"{name.Trim('-')}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(prompt)))[..8]}".TrimStart('-');
        return Path.Combine("imgalign-out", name);
    }

    /// <inheritdoc/>
    public void Require(IEnumerable<string> names)
    {
        foreach (var folder in names.Select(FolderOf))
            RequireFree(folder);
        OutputPath.RequireWritable(root);
    }

    /// <inheritdoc/>
    public string? FindRecord(string name) => Path.Combine(FolderOf(name), Record) is var record && File.Exists(record) ? record : null;

    /// <summary>Writes the files of a job into its folder.</summary>
    /// <param name="name">The job.</param>
    /// <param name="files">Their names and contents.</param>
    /// <returns>The folder.</returns>
    /// <exception cref="IOException">The files cannot be written; nothing is left behind, and an earlier result is as it was.</exception>
    public string Write(string name, IEnumerable<(string Name, byte[] Content)> files)
    {
        var folder = FolderOf(name);
        Directory.CreateDirectory(root);
        var complete = Path.Combine(root, $".{Path.GetFileName(folder)}-{Guid.NewGuid():N}.part");
        try
        {
            Directory.CreateDirectory(complete);
            foreach (var file in files)
                File.WriteAllBytes(Path.Combine(complete, file.Name), file.Content);
            Replace(folder, complete);
        }
        finally
        {
            if (Directory.Exists(complete))
                Directory.Delete(complete, recursive: true);
        }
        return folder;
    }

    private string FolderOf(string name) => Path.Combine(root, name);

    // A folder cannot be renamed onto another: the earlier result steps aside, and back if the new one cannot take its place.
    private void Replace(string folder, string complete)
    {
        RequireFree(folder);
        var earlier = $"{complete}.old";
        var exists = Directory.Exists(folder);
        if (exists)
            Directory.Move(folder, earlier);
        try
        {
            Directory.Move(complete, folder);
        }
        catch (Exception) when (exists)
        {
            Directory.Move(earlier, folder);
            throw;
        }
        if (exists)
            Directory.Delete(earlier, recursive: true);
    }

    private void RequireFree(string folder)
    {
        if (File.Exists(folder))
            throw new ImgAlignException(
                $"{folder}: this is a file, where the folder of a result belongs; move it, or name another folder with --out."
            );
        if (!Directory.Exists(folder))
            return;
        var entries = Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).ToList();
        if (entries.Count > 0 && !overwrite)
            throw new ImgAlignException(
                $"{folder}: there is a result already; name another folder with --out, or replace it with --overwrite."
            );
        if (entries.FirstOrDefault(entry => !isOfResult(entry!)) is { } foreign)
            throw new ImgAlignException(
                $"{folder}: '{foreign}' is not of a result, so that --overwrite does not replace this folder; move it, or name "
                    + "another folder with --out."
            );
    }
}
