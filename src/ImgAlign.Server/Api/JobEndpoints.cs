using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using ImgAlign.Server.Access;
using ImgAlign.Server.Files;
using ImgAlign.Server.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace ImgAlign.Server.Api;

/// <summary>The job API.</summary>
internal static class JobEndpoints
{
    private const int DefaultPage = 50;
    private const int MaxPage = 500;
    private const int MaxKeyLength = 256;

    public static void Map(RouteGroupBuilder api, ImgAlignServerOptions options)
    {
        var jobs = api.MapGroup("/jobs").WithTags("Jobs");
        jobs.MapPost("", SubmitAsync)
            .Accepts<JobRequest>("application/json", "*/*")
            .Produces<Job>(StatusCodes.Status202Accepted)
            .ProducesProblem(StatusCodes.Status400BadRequest)
            .ProducesProblem(StatusCodes.Status429TooManyRequests)
            .WithMetadata(new RequestSizeLimitAttribute(options.MaxRequestBytes))
            .WithSummary("Makes pictures. An Idempotency-Key in the headers makes a repeated request the same job.");
        jobs.MapGet("", List).Produces<JobList>().WithSummary("All jobs that are kept, the newest first.");
        jobs.MapGet("/{id}", (string id, JobStore store) => Answer(Find(store, id)))
            .Produces<Job>()
            .ProducesProblem(StatusCodes.Status404NotFound)
            .WithSummary("A job, with its result when it is finished.");
        jobs.MapGet("/{id}/events", Events)
            .Produces(StatusCodes.Status200OK, contentType: "text/event-stream")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .WithSummary(
                "What happens to a job, as server-sent events: state, progress, preview, picture, candidate. The last one is a state."
            );
        jobs.MapDelete("/{id}", CancelAsync)
            .Produces<Job>()
            .Produces(StatusCodes.Status204NoContent)
            .ProducesProblem(StatusCodes.Status404NotFound)
            .WithSummary("Cancels a job that waits or runs; with remove=true, deletes one that is finished, and its pictures.");
        jobs.MapGet("/{id}/images/{name}", ImageAsync)
            .Produces(StatusCodes.Status200OK, contentType: "image/png")
            .ProducesProblem(StatusCodes.Status404NotFound)
            .WithSummary("A picture of a job, by a name that its result has.");
    }

    /// <summary>A job by the id of a request.</summary>
    /// <exception cref="ApiException">There is none.</exception>
    public static Job Find(JobStore store, string id) =>
        (JobFiles.ReadId(id) is { } known ? store.Find(known) : null) ?? throw ApiException.NotFound("There is no such job.");

    /// <summary>The address of a job's picture.</summary>
    public static string ImageUrl(Job job, string name) => $"/api/jobs/{job.Id}/images/{name}";

    private static async Task<IResult> SubmitAsync(HttpContext context, JobSubmission submission, RequestRate rate)
    {
        rate.Count(context);
        if (context.Request.Headers["Idempotency-Key"] is [{ Length: > MaxKeyLength }])
            throw ApiException.Invalid($"The Idempotency-Key has more than {MaxKeyLength} characters.", "Idempotency-Key");
        using var reader = new StreamReader(context.Request.Body, Encoding.UTF8);
        var body = await reader.ReadToEndAsync(context.RequestAborted);
        var request = JsonSerializer.Deserialize<JobRequest>(body, ServerJson.Options) ?? throw ApiException.Invalid("The body is null.");
        var key = context.Request.Headers["Idempotency-Key"] is [{ Length: > 0 } given] ? given : null;
        var job = await submission.SubmitAsync(request, body, key);
        context.Response.Headers.Location = $"/api/jobs/{job.Id}";
        return Results.Json(WithAddresses(job), ServerJson.Options, statusCode: StatusCodes.Status202Accepted);
    }

    private static IResult List(JobCatalogue catalogue, int offset = 0, int limit = DefaultPage, string? search = null)
    {
        if (offset < 0)
            throw ApiException.Invalid($"offset is {offset}; use 0 or more.", "offset");
        if (limit is < 1 or > MaxPage)
            throw ApiException.Invalid($"limit is {limit}; use 1 to {MaxPage}.", "limit");
        var (jobs, more) = catalogue.Find(search, offset, limit);
        return Results.Json(new JobList([.. jobs.Select(WithAddresses)], more), ServerJson.Options);
    }

    private static async Task<IResult> CancelAsync(string id, JobStore store, FileKeeper keeper, JobHub hub, bool remove = false)
    {
        var job = Find(store, id);
        if (remove && job.IsFinished)
        {
            await keeper.RemoveAsync(job.Id, CancellationToken.None);
            return Results.NoContent();
        }
        job = store.Cancel(job.Id) ?? job;
        hub.Publish(job.Id, [new StateEvent(null)]);
        return Answer(job);
    }

    private static async Task<IResult> ImageAsync(
        string id,
        string name,
        JobStore store,
        JobFiles files,
        CancellationToken cancellationToken
    )
    {
        var picture = await files.ReadAsync(Find(store, id), name, cancellationToken);
        return Results.Bytes(picture, name == JobFiles.InputName ? "application/octet-stream" : "image/png");
    }

    private static EventStream Events(string id, JobStore store, JobFollower follower, CancellationToken cancellationToken)
    {
        var job = Find(store, id);
        return new EventStream(ToItems(follower.FollowAsync(job.Id, cancellationToken), cancellationToken), ServerJson.Options);
    }

    private static async IAsyncEnumerable<SseItem<object>?> ToItems(
        IAsyncEnumerable<JobEvent?> events,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        await foreach (var happened in events.WithCancellation(cancellationToken))
        {
            var shown = happened is StateEvent { Job: { } job } ? new StateEvent(WithAddresses(job)) : happened;
            if (shown is null)
            {
                yield return null;
                continue;
            }
            var json = JsonSerializer.SerializeToElement(shown, ServerJson.Options);
            yield return new SseItem<object>(json, json.GetProperty("type").GetString());
        }
    }

    private static IResult Answer(Job job) => Results.Json(WithAddresses(job), ServerJson.Options);

    // Names of pictures become addresses.
    private static Job WithAddresses(Job job) =>
        job with
        {
            Request = job.Request with { Image = job.Request.Image is null ? null : ImageUrl(job, JobFiles.InputName) },
            Result = job.Result is not { } result
                ? null
                : result with
                {
                    Pictures =
                    [
                        .. result.Pictures.Select(picture =>
                            picture with
                            {
                                Image = ImageUrl(job, picture.Image),
                                Before = picture.Before is null ? null : ImageUrl(job, picture.Before),
                                Candidates = [.. picture.Candidates.Select(tried => tried with { Image = ImageUrl(job, tried.Image) })],
                            }
                        ),
                    ],
                },
        };

    /// <summary>A page of the history.</summary>
    /// <param name="Jobs">The jobs.</param>
    /// <param name="More">Whether there are further ones.</param>
    internal sealed record JobList(IReadOnlyList<Job> Jobs, bool More);
}
