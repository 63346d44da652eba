using System.Diagnostics.CodeAnalysis;
using ImgAlign.Hub;

namespace ImgAlign.Checkpoints;

/// <summary>
/// Names of the hub where a path is expected. A path that exists is a path; <c>hf:owner/name</c> is the hub; a path that does not exist and
/// ends as a file does is a missing file; what is left and has the form <c>owner/name[@revision][:path]</c> is the hub.
/// </summary>
public static class HubName
{
    private static readonly string[] FileEndings =
    [
        .. ModelFiles.CheckpointExtensions,
        ".sft",
        ".gguf",
        ".json",
        ".jsonl",
        ".txt",
        ".model",
        ".parquet",
        ".png",
        ".jpg",
    ];

    /// <summary>Whether <paramref name="path"/> names the hub.</summary>
    /// <exception cref="HubException">It begins with <c>hf:</c>, and what follows is not a name.</exception>
    public static bool TryRead([NotNullWhen(true)] string? path, [NotNullWhen(true)] out HubReference? reference)
    {
        reference = null;
        if (path is null)
            return false;
        if (path.StartsWith(HubReference.Prefix, StringComparison.Ordinal))
        {
            reference = HubReference.Parse(path);
            return true;
        }
        if (Path.Exists(path))
            return false;
        return HubReference.TryParse(path, out reference) && (reference.Path is not null || !FileEndings.Contains(Path.GetExtension(path)));
    }

    /// <summary>The path of what <paramref name="path"/> names: in the hub's cache if it names the hub, else itself. Nothing is
    /// downloaded.</summary>
    /// <exception cref="ImgAlignException">The cache does not have it.</exception>
    public static string Locate(string path) => Locate(path, ModelFiles.Filter);

    /// <summary>The same where not all of a model is needed.</summary>
    /// <exception cref="ImgAlignException">The cache does not have these files of it.</exception>
    public static string Locate(string path, HubFilter files) => Find(path, files)?.Path ?? path;

    /// <summary>Where in the cache that lies which <paramref name="path"/> names, and at which commit; null if it does not name the
    /// hub.</summary>
    /// <exception cref="ImgAlignException">The cache does not have it.</exception>
    public static HubSnapshot? Find(string path) => Find(path, ModelFiles.Filter);

    /// <summary>The same where not all of a model is needed.</summary>
    /// <exception cref="ImgAlignException">The cache does not have these files of it.</exception>
    public static HubSnapshot? Find(string path, HubFilter files)
    {
        try
        {
            return TryRead(path, out var reference) ? new HubCache().Find(reference, files) : null;
        }
        catch (HubException e) when (e.Error is HubError.NotInCache or HubError.FileNotFound)
        {
            throw new ImgAlignException(
                $"{path}: there is no such path, and {char.ToLowerInvariant(e.Message[0])}{e.Message[1..]}"
                    + $" If it names the hub, fetch it with: imgalign pull {path}",
                e
            );
        }
    }
}
