using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ImgAlign.HubServer;

/// <summary>
/// A hub on loopback: API, tree in pages, files, and a second host for large ones, as recorded in recorded.json; and what a bad hub or
/// network does. Any token but <see cref="GrantedToken"/> has no access to gated repositories.
/// </summary>
public sealed class LoopbackHub : IAsyncDisposable
{
    public const string GrantedToken = "hf_granted";

    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, HostedRepository> _repositories = new();
    private readonly ConcurrentDictionary<string, string> _renamed = new();
    private readonly ConcurrentQueue<SeenRequest> _requests = new();

    private LoopbackHub()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0", "http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    public Uri Hub { get; private set; } = null!;

    /// <summary>The host of large files: the same machine under another name and port.</summary>
    public Uri Cdn { get; private set; } = null!;

    public IReadOnlyCollection<SeenRequest> Requests => _requests;

    /// <summary>Answers a request in the server's place; false leaves it to the server.</summary>
    public Func<HttpContext, Task<bool>>? Intercept { get; set; }

    /// <summary>What goes wrong with the content of a request.</summary>
    public Func<SeenRequest, ContentFault?>? Fault { get; set; }

    public static async Task<LoopbackHub> StartAsync(params HostedRepository[] repositories)
    {
        var server = new LoopbackHub();
        await server._app.StartAsync();
        var addresses = server._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.ToArray();
        server.Hub = new Uri(addresses[0]);
        server.Cdn = new UriBuilder(addresses[1]) { Host = "localhost" }.Uri;
        foreach (var repository in repositories)
            server.Add(repository);
        return server;
    }

    public void Add(HostedRepository repository) => _repositories[repository.Name] = repository;

    public void Rename(string oldName, string newName) => _renamed[oldName] = newName;

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        var target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        var isCdn = context.Connection.LocalPort == Cdn.Port;
        var seen = new SeenRequest(
            isCdn ? "cdn" : "hub",
            context.Request.Method,
            target,
            context.Request.Headers.Authorization.FirstOrDefault(),
            context.Request.Headers.Range.FirstOrDefault()
        );
        _requests.Enqueue(seen);
        if (Intercept is not null && await Intercept(context))
            return;

        string[] parts = [.. target.Split('?')[0].Trim('/').Split('/').Select(Uri.UnescapeDataString)];
        var rest = parts.AsSpan(isCdn ? 1 : 0);
        var isApi = rest[0] == "api";
        if (isApi)
            rest = rest[1..];
        if (isApi && rest[0] == "models")
            rest = rest[1..];
        var isDataset = rest[0] == "datasets";
        var name = (isDataset ? "datasets/" : "") + string.Join('/', rest.Slice(isDataset ? 1 : 0, 2)!);
        string[] action = [.. rest[(isDataset ? 3 : 2)..]];

        if (_renamed.TryGetValue(name, out var newName))
            Redirect(context, target.Replace(name, newName, StringComparison.Ordinal), StatusCodes.Status307TemporaryRedirect);
        else if (Refused(context, name, isResolve: action[0] == "resolve") is not { } repository)
            return;
        else if (isCdn)
            await new ContentAnswer(context, repository, Fault?.Invoke(seen)).SendAsync(string.Join('/', action));
        else if (isApi)
            await new ApiAnswer(context, repository, Hub).SendAsync(action[0], action.Length > 1 ? action[1] : "main");
        else
            await AnswerFileAsync(context, repository, action[1], string.Join('/', action[2..]), seen);
    }

    /// <summary>The repository, or null after an answer that says why it is not to be had.</summary>
    private HostedRepository? Refused(HttpContext context, string name, bool isResolve)
    {
        var token = context.Request.Headers.Authorization.FirstOrDefault();
        if (!_repositories.TryGetValue(name, out var repository) || (repository.IsPrivate && token is null))
        {
            if (token is null)
                Error(context, 401, null, "Invalid username or password.");
            else
                Error(context, 404, "RepoNotFound", "Repository not found");
            return null;
        }
        if (repository.IsDisabled)
            Error(context, 403, null, "Access to this resource is disabled.");
        else if (isResolve && repository.IsGated && token is null)
            Error(
                context,
                401,
                "GatedRepo",
                $"Access to model {name} is restricted. You must have access to it and be authenticated to access it. Please log in."
            );
        else if (isResolve && repository.IsGated && token != $"Bearer {GrantedToken}")
        {
            Error(
                context,
                403,
                "GatedRepo",
                $"Access to model {name} is restricted and you are not in the authorized list. "
                    + $"Visit https://huggingface.co/{name} to ask for access."
            );
        }
        else
            return repository;
        return null;
    }

    private async Task AnswerFileAsync(HttpContext context, HostedRepository repository, string revision, string path, SeenRequest seen)
    {
        if (revision != repository.Commit && !repository.Refs.Contains(revision))
        {
            Error(context, 404, "RevisionNotFound", $"Invalid rev id: {revision}");
            return;
        }
        context.Response.Headers["X-Repo-Commit"] = repository.Commit;
        var file = repository.Files.FirstOrDefault(file => file.Path == path);
        if (file is null)
        {
            Error(context, 404, "EntryNotFound", "Entry not found");
            return;
        }
        if (file.Lfs is null)
        {
            await new ContentAnswer(context, repository, Fault?.Invoke(seen)).SendAsync(path);
            return;
        }
        context.Response.Headers.ETag = $"\"{file.Oid}\"";
        context.Response.Headers["X-Linked-Etag"] = $"\"{file.Lfs}\"";
        context.Response.Headers["X-Linked-Size"] = $"{file.Size}";
        context.Response.Headers.AcceptRanges = "bytes";
        var escaped = string.Join('/', path.Split('/').Select(Uri.EscapeDataString));
        Redirect(context, $"{Cdn}repos/{repository.Name}/{escaped}?X-Signature=abc&Expires=1", StatusCodes.Status302Found);
    }

    private static void Redirect(HttpContext context, string location, int status)
    {
        context.Response.StatusCode = status;
        context.Response.Headers.Location = location;
    }

    internal static void Error(HttpContext context, int status, string? code, string message)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        if (code is not null)
            context.Response.Headers["X-Error-Code"] = code;
        context.Response.Headers["X-Error-Message"] = message;
    }
}
