namespace ImgAlign.Hub;

/// <summary>Something of the hub could not be had. The message says what, and what to do.</summary>
public sealed class HubException(HubError error, string message, Exception? innerException = null) : Exception(message, innerException)
{
    /// <summary>What went wrong.</summary>
    public HubError Error { get; } = error;
}
