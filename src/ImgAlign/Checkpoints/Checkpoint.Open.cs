using System.Text;

namespace ImgAlign.Checkpoints;

public abstract partial class Checkpoint
{
    /// <summary>Opens a checkpoint file or folder by its contents.</summary>
    /// <param name="path">A <c>.safetensors</c>, <c>.bin</c>, <c>.pth</c>, <c>.pt</c> or <c>.ckpt</c> file, an index of shards, or a folder that holds one of these.</param>
    /// <exception cref="CheckpointException">The file is missing, broken, or not a checkpoint. Nothing in it was executed.</exception>
    public static Checkpoint Open(string path)
    {
        try
        {
            if (!File.Exists(path)) throw new CheckpointException(path, "there is no such checkpoint file.");
            return OpenFile(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException(path, $"cannot be opened: {exception.Message}", innerException: exception);
        }
    }

    private static SafetensorsFile OpenFile(string path)
    {
        var start = FirstBytes(path);
        if (start.StartsWith("version https://git-lfs", StringComparison.Ordinal))
            throw new CheckpointException(path, "is a git-lfs pointer, not the file itself; run 'git lfs pull' in its repository, or download the file from the hub.");
        if (start.TrimStart() is var text && (text.StartsWith("<!doctype", StringComparison.OrdinalIgnoreCase) || text.StartsWith("<html", StringComparison.OrdinalIgnoreCase)))
            throw new CheckpointException(path, "is an HTML page, not a checkpoint; the download has probably failed or needs a login.");
        return new SafetensorsFile(path);
    }

    private static string FirstBytes(string path)
    {
        using var file = File.OpenRead(path);
        Span<byte> bytes = stackalloc byte[64];
        return Encoding.Latin1.GetString(bytes[..file.ReadAtLeast(bytes, bytes.Length, throwOnEndOfStream: false)]);
    }
}
