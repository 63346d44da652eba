namespace ImgAlign.HubServer;

/// <summary>A request that arrived.</summary>
/// <param name="Host"><c>hub</c> or <c>cdn</c>.</param>
/// <param name="Target">Path and query, as sent.</param>
/// <param name="Token">The value of the Authorization header.</param>
public sealed record SeenRequest(string Host, string Method, string Target, string? Token, string? Range);
