using System.Security.Cryptography;
using System.Text;

namespace ImgAlign.Evaluation.Running;

/// <summary>
/// Entries under the hash of what made them: folders of files that appear whole or not at all, so that a run that is killed leaves nothing
/// half written, and several machines can share one store.
/// </summary>
/// <param name="root">The store's folder.</param>
/// <param name="deviceKind">The kind of device that computes here: the same computation on another kind is an entry of its own.</param>
internal sealed class ContentStore(string root, string deviceKind)
{
    private readonly string kind = Hash(deviceKind)[..8];

    /// <summary>SHA-256 of a text, in small hexadecimal digits.</summary>
    public static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>The folder of an entry: this kind's, or else another kind's; null: there is none.</summary>
    /// <param name="key">The hash of what makes it.</param>
    public string? Find(string key)
    {
        var own = Path.Combine(FolderOf(key), kind);
        if (Directory.Exists(own))
            return own;
        return Directory.Exists(FolderOf(key))
            ? Directory.EnumerateDirectories(FolderOf(key)).Where(IsWhole).Order(StringComparer.Ordinal).FirstOrDefault()
            : null;
    }

    /// <summary>Writes an entry, which takes the place of an older one.</summary>
    /// <param name="key">The hash of what made it.</param>
    /// <param name="fill">Writes its files into the folder that it is given.</param>
    /// <returns>The entry's folder.</returns>
    /// <exception cref="IOException">The files cannot be written; there is no new entry then.</exception>
    public string Write(string key, Action<string> fill)
    {
        // A machine's own name: what it left when it was killed is in nobody else's way, and goes when it makes the same again.
        var (entry, unfinished) = (Path.Combine(FolderOf(key), kind), Path.Combine(FolderOf(key), $".{Environment.MachineName}.part"));
        if (Directory.Exists(unfinished))
            Directory.Delete(unfinished, recursive: true);
        Directory.CreateDirectory(unfinished);
        fill(unfinished);
        if (Directory.Exists(entry))
            Directory.Delete(entry, recursive: true);
        Directory.Move(unfinished, entry);
        return entry;
    }

    private string FolderOf(string key) => Path.Combine(root, key[..2], key);

    private static bool IsWhole(string folder) => Path.GetFileName(folder)[0] != '.';
}
