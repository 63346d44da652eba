using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace ImgAlign.Hub;

/// <summary>
/// SHA-256 of files, computed once: kept by path, size and time of the last change. A blob of the hub's cache has its own in its name, and
/// is not read.
/// </summary>
public sealed class FileHashes
{
    private readonly string _folder;

    /// <summary>Hashes kept in <paramref name="folder"/>; where null, in <c>imgalign/hashes</c> of the user's folder for caches.</summary>
    public FileHashes(string? folder = null) => _folder = folder ?? DefaultFolder;

    private static string DefaultFolder
    {
        get
        {
            var caches =
                Environment.GetEnvironmentVariable("XDG_CACHE_HOME") is { Length: > 0 } named ? named
                : OperatingSystem.IsWindows() ? Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData)
                : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".cache");
            return Path.Combine(caches, "imgalign", "hashes");
        }
    }

    /// <summary>SHA-256 of the file at <paramref name="path"/>, 64 hexadecimal digits.</summary>
    public string Sha256Of(string path)
    {
        var file = new FileInfo(Path.GetFullPath(path));
        if (file.ResolveLinkTarget(returnFinalTarget: false) is FileInfo blob && IsNamedByContent(blob))
            return blob.Name;
        if (file.ResolveLinkTarget(returnFinalTarget: true) is FileInfo target)
            file = target;
        var entry = Path.Combine(_folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(file.FullName))));
        var state = string.Create(CultureInfo.InvariantCulture, $"{file.Length} {file.LastWriteTimeUtc.Ticks} ");
        var kept = File.Exists(entry) ? File.ReadAllText(entry) : "";
        if (kept.StartsWith(state, StringComparison.Ordinal))
            return kept[state.Length..].Trim();

        using var content = file.OpenRead();
        var hash = Convert.ToHexStringLower(SHA256.HashData(content));
        WholeFile.Write(entry, state + hash + "\n");
        return hash;
    }

    private static bool IsNamedByContent(FileInfo blob) =>
        blob.Name.Length == 64 && SafeName.IsChecksum(blob.Name) && blob.Directory?.Name == "blobs";
}
