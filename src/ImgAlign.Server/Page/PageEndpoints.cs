using ImgAlign.Server.Access;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.StaticFiles;

namespace ImgAlign.Server.Page;

/// <summary>The page, from resources of this assembly, and what it asks for beside jobs.</summary>
internal static class PageEndpoints
{
    // Nothing from elsewhere, and no script but the page's own: text of prompts and answers stays text.
    private const string ContentPolicy =
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
        + "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

    private static readonly FileExtensionContentTypeProvider ContentTypes = new();

    public static void Map(IEndpointRouteBuilder endpoints, RouteGroupBuilder api, ImgAlignServerOptions options)
    {
        api.MapGet("/server", () => Results.Json(new ServerInfo(options.ModelId, options.PromptGuide), ServerJson.Options))
            .Produces<ServerInfo>()
            .WithTags("Server")
            .WithSummary("Which model runs, and what can be asked of it.");
        endpoints.MapPost("/api/session", Open).AddEndpointFilter(ErrorFilter.Create(endpoints)).ExcludeFromDescription();
        endpoints.MapGet("/", (HttpContext context) => File(context, "index.html")).ExcludeFromDescription();
        endpoints.MapGet("/page/{name}", File).ExcludeFromDescription();
    }

    // In the place of the key the page gets a cookie, which the browser sends with pictures and event streams, too, and to this server only.
    private static async Task<IResult> Open(HttpContext context, AccessRules access, RequestRate rate)
    {
        access.CheckAddress(context);
        rate.Count(context);
        using var reader = new StreamReader(context.Request.Body);
        var key = await reader.ReadToEndAsync(context.RequestAborted);
        if (!access.NeedsKey || !access.IsKey(key.Trim()))
            throw new ApiException(401, "invalid_api_key", "This is not the key.");
        context.Response.Cookies.Append(
            AccessRules.Cookie,
            access.SessionValue,
            new CookieOptions
            {
                HttpOnly = true,
                SameSite = SameSiteMode.Strict,
                Secure = context.Request.IsHttps,
            }
        );
        return Results.NoContent();
    }

    private static IResult File(HttpContext context, string name)
    {
        // Of the names of resources, not of files.
        var stream = typeof(PageEndpoints).Assembly.GetManifestResourceStream($"page/{name}");
        if (stream is null || !ContentTypes.TryGetContentType(name, out var type))
            return Results.NotFound();
        var headers = context.Response.Headers;
        (headers.ContentSecurityPolicy, headers.XContentTypeOptions, headers.CacheControl) = (ContentPolicy, "nosniff", "no-cache");
        headers["Referrer-Policy"] = "no-referrer";
        return Results.Stream(stream, $"{type}; charset=utf-8");
    }

    /// <summary>What the page is about.</summary>
    /// <param name="Model">The model's name.</param>
    /// <param name="Guide">What it can draw; null: anything.</param>
    internal sealed record ServerInfo(string Model, PromptGuide? Guide);
}
