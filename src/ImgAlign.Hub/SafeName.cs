using System.Buffers;

namespace ImgAlign.Hub;

/// <summary>Which names, chosen by a server or a user, may become names of files. What passes lies below the folder that it is joined to,
/// on every system.</summary>
internal static class SafeName
{
    private static readonly SearchValues<char> Hex = SearchValues.Create("0123456789abcdef");

    // Not in a file's name on Windows; a colon there opens another stream of a file.
    private static readonly SearchValues<char> NotOnWindows = SearchValues.Create("<>:\"|?*");

    private static readonly string[] Devices =
    [
        "CON",
        "PRN",
        "AUX",
        "NUL",
        .. Enumerable.Range(1, 9).SelectMany(n => new[] { $"COM{n}", $"LPT{n}" }),
    ];

    /// <summary>A commit: 40 hexadecimal digits.</summary>
    public static bool IsCommit(string text) => text.Length == 40 && !text.AsSpan().ContainsAnyExcept(Hex);

    /// <summary>A checksum that content can be held against: SHA-256, or git's SHA-1 of a blob.</summary>
    public static bool IsChecksum(string text) => text.Length is 40 or 64 && !text.AsSpan().ContainsAnyExcept(Hex);

    /// <summary>A path below a folder, with <c>/</c> between its parts, that no part leads out of.</summary>
    public static bool IsRelativePath(string path) => path.Split('/').All(IsPart);

    private static bool IsPart(string part)
    {
        if (part is "" or "." or ".." || part.Contains('\\', StringComparison.Ordinal) || part.Any(char.IsControl))
            return false;
        if (!OperatingSystem.IsWindows())
            return true;
        return !part.AsSpan().ContainsAny(NotOnWindows)
            && part[^1] is not ('.' or ' ')
            && !Devices.Contains(part.Split('.')[0].TrimEnd(), StringComparer.OrdinalIgnoreCase);
    }
}
