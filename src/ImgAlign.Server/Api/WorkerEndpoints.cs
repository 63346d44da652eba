using ImgAlign.Server.Access;
using ImgAlign.Server.Files;
using ImgAlign.Server.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace ImgAlign.Server.Api;

/// <summary>Where workers in processes of their own tell of jobs.</summary>
internal static class WorkerEndpoints
{
    public static void Map(IEndpointRouteBuilder endpoints) =>
        endpoints
            .MapPost("/api/worker/jobs/{id}/events", PublishAsync)
            .AddEndpointFilter(ErrorFilter.Create(endpoints))
            .WithMetadata(new DisableRequestSizeLimitAttribute()) // nothing is read of who is no worker
            .ExcludeFromDescription();

    private static async Task<IResult> PublishAsync(HttpContext context, string id, AccessRules access, JobHub hub)
    {
        access.CheckWorker(context);
        var events = await context.Request.ReadFromJsonAsync<List<JobEvent>>(ServerJson.Options, context.RequestAborted);
        if (JobFiles.ReadId(id) is { } known && events is not null)
            hub.Publish(known, events);
        return Results.NoContent();
    }
}
