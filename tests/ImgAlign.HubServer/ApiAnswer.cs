using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace ImgAlign.HubServer;

/// <summary>The routes below <c>/api</c>: what a revision is, and the tree of a commit in pages.</summary>
internal sealed class ApiAnswer(HttpContext context, HostedRepository repository, Uri hub)
{
    public async Task SendAsync(string route, string revision)
    {
        if (revision != repository.Commit && !repository.Refs.Contains(revision))
            LoopbackHub.Error(context, 404, "RevisionNotFound", $"Invalid rev id: {revision}");
        else if (route == "tree")
            await WriteAsync(TreePage());
        else
            await WriteAsync(Info());
    }

    private JsonObject Info() =>
        new()
        {
            ["id"] = repository.Name,
            ["sha"] = repository.Commit,
            ["gated"] = repository.IsGated ? "auto" : false,
            ["cardData"] = new JsonObject { ["license"] = repository.License },
        };

    private JsonArray TreePage()
    {
        var start = int.Parse(context.Request.Query["cursor"].FirstOrDefault("0")!, CultureInfo.InvariantCulture);
        var end = start + repository.PageSize;
        if (end < repository.Files.Count)
        {
            var path = context.Request.Path.Value!.TrimStart('/');
            context.Response.Headers.Link = $"<{hub}{path}?recursive=true&expand=false&cursor={end}>; rel=\"next\"";
        }
        return [.. repository.Files.Skip(start).Take(repository.PageSize).Select(Entry)];
    }

    private static JsonObject Entry(HostedFile file)
    {
        var entry = new JsonObject
        {
            ["type"] = "file",
            ["oid"] = file.Oid,
            ["size"] = file.Size,
            ["path"] = file.Path,
        };
        if (file.Lfs is not null)
            entry["lfs"] = new JsonObject
            {
                ["oid"] = file.Lfs,
                ["size"] = file.Size,
                ["pointerSize"] = 134,
            };
        return entry;
    }

    private Task WriteAsync(JsonNode json)
    {
        context.Response.ContentType = "application/json; charset=utf-8";
        return context.Response.WriteAsync(json.ToJsonString());
    }
}
