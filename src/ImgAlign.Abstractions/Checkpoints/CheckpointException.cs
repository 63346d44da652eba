namespace ImgAlign.Checkpoints;

/// <summary>A checkpoint that cannot be read, is not what it says, or does not fit the network. Nothing was loaded.</summary>
public sealed class CheckpointException : ImgAlignException
{
    private const int LongestMessage = 2000;

    /// <summary>Creates the exception; the message becomes <c>path: [tensor:] problem</c>.</summary>
    /// <param name="path">The file or folder.</param>
    /// <param name="problem">What was found, what was expected, and what to do, as one sentence.</param>
    /// <param name="tensorName">The tensor at fault, if it is one.</param>
    /// <param name="innerException">The cause, if another exception led here.</param>
    public CheckpointException(string path, string problem, string? tensorName = null, Exception? innerException = null)
        : base(Readable(tensorName is null ? $"{path}: {problem}" : $"{path}: tensor '{tensorName}': {problem}"), innerException)
    {
        Path = path;
        TensorName = tensorName;
    }

    // Names come from files that may be broken or hostile.
    private static string Readable(string message)
    {
        var text = string.Concat(message.Take(LongestMessage).Select(character => char.IsControl(character) ? '?' : character));
        return message.Length > LongestMessage ? text + "..." : text;
    }

    /// <summary>The file or folder.</summary>
    public string Path { get; }

    /// <summary>The tensor at fault, or null.</summary>
    public string? TensorName { get; }
}
