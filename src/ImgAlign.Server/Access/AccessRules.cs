using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace ImgAlign.Server.Access;

/// <summary>
/// Who may call: whoever has the key, or, where none is configured, whoever calls by a name of this machine. A page of another origin may
/// not, whatever it has: it would drive the server of the user's own machine.
/// </summary>
internal sealed class AccessRules(ImgAlignServerOptions options)
{
    /// <summary>The cookie that the page holds in the place of the key, which event streams and pictures cannot send.</summary>
    public const string Cookie = "imgalign-session";

    private static readonly string[] OwnNames = ["localhost", "127.0.0.1", "[::1]"];

    private readonly byte[]? key = ReadKey(options.Key);

    /// <summary>Whether a key is needed.</summary>
    public bool NeedsKey => key is not null;

    /// <summary>What workers of this server send.</summary>
    public string WorkerToken { get; } = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));

    /// <summary>The value of the cookie: it tells that its holder had the key, and is not the key.</summary>
    public string SessionValue => Convert.ToHexStringLower(HMACSHA256.HashData(key!, "imgalign session"u8));

    /// <summary>Refuses who may not call.</summary>
    /// <exception cref="ApiException">The host or the origin is another one, or the key is missing or wrong.</exception>
    public void Check(HttpContext context)
    {
        CheckAddress(context);
        if (NeedsKey && !HasKey(context.Request))
            throw new ApiException(401, "invalid_api_key", "The key is missing or wrong; send it as Authorization: Bearer KEY.");
    }

    /// <summary>Refuses who calls by another name, or from another origin.</summary>
    public void CheckAddress(HttpContext context)
    {
        var host = context.Request.Host;
        var names = options.AllowedHosts.Count > 0 ? options.AllowedHosts.Concat(OwnNames) : OwnNames;
        if (!(NeedsKey && options.AllowedHosts.Count == 0) && !names.Contains(host.Host, StringComparer.OrdinalIgnoreCase))
            throw new ApiException(403, "host_not_allowed", $"This server is not to be called by the name '{host.Host}'.");
        if (context.Request.Headers.Origin is [{ } origin] && !IsOwn(origin, context.Request))
            throw new ApiException(403, "origin_not_allowed", "Pages of another origin may not call this server.");
    }

    /// <summary>Refuses who is no worker of this server.</summary>
    public void CheckWorker(HttpContext context)
    {
        var sent = BearerOf(context.Request);
        if (sent is null || !AreEqual(sent, Encoding.UTF8.GetBytes(WorkerToken)))
            throw new ApiException(401, "invalid_api_key", "Only a worker of this server may tell of jobs.");
    }

    /// <summary>Whether an address may be bound without a key.</summary>
    public static bool IsLoopback(string url) =>
        Uri.TryCreate(
            url.Replace("://+", "://0.0.0.0", StringComparison.Ordinal).Replace("://*", "://0.0.0.0", StringComparison.Ordinal),
            UriKind.Absolute,
            out var uri
        ) && (uri.Host == "localhost" || (IPAddress.TryParse(uri.Host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address)));

    /// <summary>Whether a key is the right one.</summary>
    public bool IsKey(string sent) => AreEqual(sent, key!);

    private static byte[]? ReadKey(string? text) =>
        text?.Trim() is ""
            ? throw new ImgAlignException("The key that callers need (IMGALIGN_KEY) is empty; set one, or unset it for none.")
        : text is null ? null
        : Encoding.UTF8.GetBytes(text.Trim());

    private bool HasKey(HttpRequest request) =>
        (BearerOf(request) is { } sent && AreEqual(sent, key!))
        || (request.Cookies[Cookie] is { } session && AreEqual(session, Encoding.UTF8.GetBytes(SessionValue)));

    // Behind a proxy that ends TLS, the page has another scheme than the request.
    private bool IsOwn(string origin, HttpRequest request) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var uri)
        && (uri.Scheme == request.Scheme || options.AllowedHosts.Contains(uri.Host, StringComparer.OrdinalIgnoreCase))
        && string.Equals(uri.IsDefaultPort ? uri.Host : $"{uri.Host}:{uri.Port}", request.Host.Value, StringComparison.OrdinalIgnoreCase);

    private static string? BearerOf(HttpRequest request) =>
        request.Headers.Authorization is [{ } header] && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
            ? header[7..].Trim()
            : null;

    private static bool AreEqual(string sent, byte[] expected) =>
        CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(sent)), SHA256.HashData(expected));
}
