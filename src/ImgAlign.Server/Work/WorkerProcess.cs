namespace ImgAlign.Server.Work;

/// <summary>What a server tells its worker processes, in their environment: no other user sees it there, as one sees a command
/// line.</summary>
internal static class WorkerProcess
{
    /// <summary>The server's address.</summary>
    public const string ServerVariable = "IMGALIGN_SERVER";

    /// <summary>What the server knows the worker by; set by the server, so that the worker belongs to it and ends with it.</summary>
    public const string TokenVariable = "IMGALIGN_WORKER_TOKEN";

    /// <summary>The key of a server on another machine.</summary>
    public const string KeyVariable = "IMGALIGN_KEY";

    /// <summary>The address to report to; null: none.</summary>
    public static Uri? Server => Environment.GetEnvironmentVariable(ServerVariable) is { Length: > 0 } text ? new Uri(text) : null;

    /// <summary>Whether a server has started this process.</summary>
    public static bool BelongsToServer => Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 };

    /// <summary>What to show to the server.</summary>
    public static string? Secret =>
        Environment.GetEnvironmentVariable(TokenVariable) ?? Environment.GetEnvironmentVariable(KeyVariable)?.Trim();
}
