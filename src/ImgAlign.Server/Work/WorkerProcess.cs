namespace ImgAlign.Server.Work;

/// <summary>What a server tells the worker processes that it starts, in their environment: no other user sees it there, as one sees a
/// command line.</summary>
internal static class WorkerProcess
{
    /// <summary>The server's address.</summary>
    public const string ServerVariable = "IMGALIGN_SERVER";

    /// <summary>What the server knows the worker by.</summary>
    public const string TokenVariable = "IMGALIGN_WORKER_TOKEN";

    /// <summary>The server that has started this process, and what to show to it; null: none has.</summary>
    public static (Uri Address, string Token)? Server =>
        Environment.GetEnvironmentVariable(ServerVariable) is { Length: > 0 } address
        && Environment.GetEnvironmentVariable(TokenVariable) is { Length: > 0 } token
            ? (new Uri(address), token)
            : null;
}
