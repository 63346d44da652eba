using System.Text;

namespace ImgAlign.Checkpoints;

public abstract partial class Checkpoint
{
    /// <summary>Opens a checkpoint file or folder by its contents.</summary>
    /// <param name="path"> A safetensors file, a GGUF file, a PyTorch pickle (<c>.bin</c>, <c>.pth</c>, <c>.pt</c>, <c>.ckpt</c>), an index
    /// of shards (<c>.index.json</c>), or a folder that holds one of these (<see cref="ModelFolder.FindWeights"/>); or a name of the hub
    /// (<see cref="HubName"/>).
    /// </param>
    /// <exception cref="CheckpointException">The file is missing, broken, or not a checkpoint. Nothing in it was executed.</exception>
    public static Checkpoint Open(string path)
    {
        try
        {
            path = HubName.Locate(path);
            if (Directory.Exists(path))
                path = ModelFolder.FindWeights(path);
            if (!File.Exists(path))
                throw new CheckpointException(path, "there is no such checkpoint file.");
            return ScaledCheckpoint.Apply(Path.GetExtension(path) == ".json" ? new ShardedCheckpoint(path) : OpenFile(path));
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, $"cannot be opened: {exception.Message}", innerException: exception);
        }
    }

    /// <summary>Opens one file that is not an index.</summary>
    private protected static Checkpoint OpenFile(string path)
    {
        var start = FirstBytes(path);
        if (start.StartsWith("version https://git-lfs", StringComparison.Ordinal))
            throw new CheckpointException(
                path,
                "is a git-lfs pointer, not the file itself; run 'git lfs pull' in its repository, or download the file from the hub."
            );
        if (IsHtml(start))
            throw new CheckpointException(path, "is an HTML page, not a checkpoint; the download has probably failed or needs a login.");
        if (start.Length == 0)
            throw new CheckpointException(path, "is an empty file; the download has probably failed.");
        if (Path.GetExtension(path) == ".safetensors" || start.IndexOf("\0\0\0\0{", StringComparison.Ordinal) == 4)
            return new SafetensorsFile(path);
        if (start.StartsWith("GGUF", StringComparison.Ordinal))
            return new GgufFile(path);
        if (start.StartsWith("PK\u0003\u0004", StringComparison.Ordinal))
            return PickleFile.OpenZip(path);
        if (start.StartsWith('\u0080'))
            return PickleFile.OpenLegacy(path);
        throw new CheckpointException(path, "is not a checkpoint: neither safetensors nor GGUF nor a file of torch.save.");
    }

    private static bool IsHtml(string start)
    {
        var text = start.TrimStart();
        return text.StartsWith("<!doctype", StringComparison.OrdinalIgnoreCase)
            || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase);
    }

    private static string FirstBytes(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> bytes = stackalloc byte[64];
        return Encoding.Latin1.GetString(bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)]);
    }
}
