using System.Security.Cryptography;
using System.Text;

namespace ImgAlign.Hub.Transfer;

/// <summary>The two checksums of the hub: SHA-256 of a large file's content, and git's SHA-1 of a small file.</summary>
internal static class Checksum
{
    /// <summary>A hash of the kind of <paramref name="expected"/>, for content of <paramref name="size"/> bytes.</summary>
    public static IncrementalHash Begin(string expected, long size)
    {
        if (expected.Length == 64)
            return IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA1);
        hash.AppendData(Encoding.ASCII.GetBytes($"blob {size}\0"));
        return hash;
    }
}
