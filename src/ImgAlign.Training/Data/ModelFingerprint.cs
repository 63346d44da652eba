using System.Security.Cryptography;
using System.Text;

namespace ImgAlign.Training.Data;

/// <summary>Tells checkpoints apart without reading all of them: names, sizes, and the first and last part of every file.</summary>
public static class ModelFingerprint
{
    private const int PartBytes = 1 << 16;

    /// <summary>The fingerprint of some checkpoints.</summary>
    /// <param name="paths">Files or folders.</param>
    /// <returns>16 hexadecimal digits.</returns>
    public static string Of(params IEnumerable<string> paths)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var path in paths)
        {
            var files = Directory.Exists(path)
                ? Directory.EnumerateFiles(path, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)
                : Enumerable.Repeat(path, 1);
            foreach (var name in files)
                Append(hash, name, Directory.Exists(path) ? Path.GetRelativePath(path, name) : "");
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    private static void Append(IncrementalHash hash, string path, string name)
    {
        using var file = File.OpenRead(path);
        hash.AppendData(Encoding.UTF8.GetBytes($"{name}\0{file.Length}\0"));
        var part = new byte[PartBytes];
        hash.AppendData(part, 0, file.ReadAtLeast(part, part.Length, throwOnEndOfStream: false));
        file.Position = Math.Max(0, file.Length - PartBytes);
        hash.AppendData(part, 0, file.ReadAtLeast(part, part.Length, throwOnEndOfStream: false));
    }
}
