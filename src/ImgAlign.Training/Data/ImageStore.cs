using System.Security.Cryptography;
using ImgAlign.Checkpoints;

namespace ImgAlign.Training.Data;

/// <summary>Picture files in a folder, named by their contents: the same picture is there once.</summary>
internal sealed class ImageStore(string folder)
{
    /// <summary>Puts a picture's bytes into the folder, unless they are there.</summary>
    /// <returns>The file, relative to the folder's parent.</returns>
    public string Add(byte[] bytes)
    {
        var name = Convert.ToHexStringLower(SHA256.HashData(bytes));
        // Two letters a folder: a million files in one would be slow to list.
        var relative = Path.Combine(Path.GetFileName(folder), name[..2], name + ".jpg");
        var path = Path.Combine(Path.GetDirectoryName(folder)!, relative);
        if (File.Exists(path))
            return relative;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        AtomicFile.Write(path, file => file.Write(bytes));
        return relative;
    }
}
