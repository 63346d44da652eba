using System.Security.Cryptography;
using System.Text;

namespace ImgAlign.HubServer;

/// <summary>A file of a hosted repository.</summary>
/// <param name="Path">Its name, sent as it is, whether or not it is one that a client should accept.</param>
/// <param name="Oid">Git's id of the file, or of its pointer.</param>
/// <param name="Lfs">SHA-256 of a large file, which the content host serves.</param>
/// <param name="Content">Its bytes.</param>
public sealed record HostedFile(string Path, string Oid, string? Lfs, byte[] Content)
{
    /// <summary>The size that the server claims.</summary>
    public long Size { get; init; } = Content.Length;

    /// <summary>A small file, kept by git.</summary>
    public static HostedFile Small(string path, string text)
    {
        var content = Encoding.UTF8.GetBytes(text);
        return new HostedFile(path, BlobId(content), null, content);
    }

    /// <summary>A large file.</summary>
    public static HostedFile Large(string path, byte[] content)
    {
        var sha256 = Convert.ToHexStringLower(SHA256.HashData(content));
        var pointer = $"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {content.Length}\n";
        return new HostedFile(path, BlobId(Encoding.UTF8.GetBytes(pointer)), sha256, content);
    }

    /// <summary>The bytes of the recorded rule: byte i is (7 i + 13 (i >> 8) + seed) mod 256.</summary>
    public static byte[] RuleBytes(int size, int seed)
    {
        var bytes = new byte[size];
        for (var i = 0; i < size; i++)
            bytes[i] = unchecked((byte)((7L * i) + (13L * (i >> 8)) + seed));
        return bytes;
    }

#pragma warning disable CA5350 // Git names its objects by SHA-1.
    private static string BlobId(byte[] content) =>
        Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));
#pragma warning restore CA5350
}
