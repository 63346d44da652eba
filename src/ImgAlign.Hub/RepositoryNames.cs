namespace ImgAlign.Hub;

/// <summary>All names of a repository are checked before its first file is fetched.</summary>
internal static class RepositoryNames
{
    private static readonly StringComparer FileSystem =
        OperatingSystem.IsWindows() || OperatingSystem.IsMacOS() ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal;

    /// <exception cref="HubException">A name leads out of the snapshot's folder, cannot be a file here, or is in the way of
    /// another.</exception>
    public static void Check(IReadOnlyList<HubFile> files, string where)
    {
        foreach (var file in files)
        {
            if (!SafeName.IsRelativePath(file.Path))
                throw Refused($"'{Printable(file.Path)}', which is not a path below its folder");
            if (!SafeName.IsChecksum(file.Checksum) || file.Size < 0)
                throw Refused($"'{file.Path}' without a checksum and a size that it can be held against");
        }
        var names = new HashSet<string>(FileSystem);
        foreach (var file in files)
            if (!names.Add(file.Path))
                throw Refused($"'{file.Path}' twice");
        foreach (var file in files)
        {
            for (var slash = file.Path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = file.Path.IndexOf('/', slash + 1))
                if (names.Contains(file.Path[..slash]))
                    throw Refused($"'{file.Path[..slash]}' as a file and as a folder");
        }

        HubException Refused(string what) => new(HubError.UnsafeName, $"{where} names {what}: nothing of it was fetched.");
    }

    private static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '\uFFFD' : c));
}
