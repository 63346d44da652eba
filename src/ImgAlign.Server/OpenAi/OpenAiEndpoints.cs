using System.Net.ServerSentEvents;
using System.Runtime.CompilerServices;
using System.Text.Json;
using ImgAlign.Imaging;
using ImgAlign.Server.Access;
using ImgAlign.Server.Api;
using ImgAlign.Server.Files;
using ImgAlign.Server.Jobs;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;

namespace ImgAlign.Server.OpenAi;

/// <summary>The OpenAI images API. Its requests are jobs like all others; a caller that goes away cancels its job.</summary>
internal static class OpenAiEndpoints
{
    public static void Map(RouteGroupBuilder v1, ImgAlignServerOptions options)
    {
        var limit = new RequestSizeLimitAttribute(options.MaxRequestBytes);
        var form = new RequestFormLimitsAttribute { MultipartBodyLengthLimit = options.MaxRequestBytes };
        v1.WithTags("OpenAI");
        v1.MapGet("/models", (OpenAiModels models) => Answer(models.All));
        v1.MapGet("/models/{id}", (string id, OpenAiModels models) => Answer(models.Find(id)));
        v1.MapPost("/images/generations", GenerateAsync).Accepts<GenerationBody>("application/json", "*/*").WithMetadata(limit);
        v1.MapPost("/images/edits", EditAsync)
            .Accepts<IFormFile>("multipart/form-data", "*/*")
            .WithMetadata(limit, form)
            .DisableAntiforgery();
        v1.MapFallback(static (HttpContext context) => ThrowUnknown(context)).ExcludeFromDescription();
    }

    private static IResult ThrowUnknown(HttpContext context) =>
        throw new ApiException(404, "unknown_url", $"There is no {context.Request.Method} {context.Request.Path} here.");

    private static async Task<IResult> GenerateAsync(HttpContext context, OpenAiImages images, RequestRate rate)
    {
        rate.Count(context);
        var body =
            await JsonSerializer.DeserializeAsync<GenerationBody>(context.Request.Body, ServerJson.OpenAi, context.RequestAborted)
            ?? throw ApiException.Invalid("The body is null.");
        return await AnswerAsync(context, images, body, picture: null, "image_generation");
    }

    private static async Task<IResult> EditAsync(HttpContext context, OpenAiImages images, RequestRate rate)
    {
        rate.Count(context);
        var (body, picture) = await EditForm.ReadAsync(context.Request, context.RequestAborted);
        return await AnswerAsync(context, images, body, picture, "image_edit");
    }

    private static async Task<IResult> AnswerAsync(
        HttpContext context,
        OpenAiImages images,
        GenerationBody body,
        byte[]? picture,
        string kind
    )
    {
        var job = await images.SubmitAsync(body, picture);
        return body.Stream == true
            ? new EventStream(images.StreamAsync(job, body, kind, context.RequestAborted), ServerJson.OpenAi)
            : Answer(await images.WaitAsync(job, body, $"{context.Request.Scheme}://{context.Request.Host}", context.RequestAborted));
    }

    private static IResult Answer(object answer) => Results.Json(answer, ServerJson.OpenAi);
}

/// <summary>The list of models, which has the one that is served.</summary>
internal sealed class OpenAiModels(ImgAlignServerOptions options)
{
    private readonly long created = DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    public object All => new { @object = "list", data = new[] { Model } };

    private object Model =>
        new
        {
            id = options.ModelId,
            @object = "model",
            created,
            owned_by = "imgalign",
        };

    public object Find(string id) =>
        id == options.ModelId
            ? Model
            : throw new ApiException(404, "model_not_found", $"There is no model '{id}' here; '{options.ModelId}' is.", "model");
}

/// <summary>Runs requests of the OpenAI API as jobs.</summary>
internal sealed class OpenAiImages(
    JobSubmission submission,
    JobFollower follower,
    JobStore store,
    JobHub hub,
    JobFiles files,
    ImgAlignServerOptions options
)
{
    public Task<Job> SubmitAsync(GenerationBody body, byte[]? picture)
    {
        var request = body.ToJob(options.ModelId, picture is not null);
        return submission.SubmitAsync(request, picture, asked: "");
    }

    /// <summary>The answer when the job is done.</summary>
    public async Task<object> WaitAsync(Job job, GenerationBody body, string server, CancellationToken cancellationToken)
    {
        try
        {
            job = await follower.WaitAsync(job.Id, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            Cancel(job.Id);
            throw;
        }
        ThrowIfFailed(job);
        var pictures = job.Result!.Pictures;
        var images = new List<RgbImage>();
        foreach (var picture in pictures.Take(body.WantsUrl ? 1 : pictures.Count))
            images.Add(await LoadAsync(job, picture, cancellationToken));
        return new
        {
            created = Seconds(job.FinishedAt!.Value),
            data = body.WantsUrl
                ? pictures.Select(picture => (object)new { url = server + JobEndpoints.ImageUrl(job, picture.Image) })
                : images.Select(image => (object)new { b64_json = Convert.ToBase64String(Encode(image, body)) }),
            output_format = body.OutputFormat ?? "png",
            size = SizeOf(images[0]),
            usage = Usage,
        };
    }

    /// <summary>Partial pictures, and the whole one.</summary>
    public async IAsyncEnumerable<SseItem<object>?> StreamAsync(
        Job job,
        GenerationBody body,
        string kind,
        [EnumeratorCancellation] CancellationToken cancellationToken
    )
    {
        var wanted = body.PartialImages ?? 0;
        var sent = 0;
        var isOver = false;
        try
        {
            await foreach (var happened in follower.FollowAsync(job.Id, cancellationToken))
            {
                // Spread over the run.
                if (happened is PreviewEvent preview && sent < wanted && preview.Progress >= (double)(sent + 1) / (wanted + 2))
                    yield return Partial(ImageFile.Decode(Convert.FromBase64String(preview.Png), "preview"), sent++);
                else if (happened is StateEvent { Job: { IsFinished: true } finished })
                    job = finished;
                else if (happened is null)
                    yield return null;
            }
            isOver = true;
        }
        finally
        {
            if (!isOver)
                Cancel(job.Id);
        }
        if (ErrorOf(job) is { } error)
        {
            yield return new SseItem<object>(new { type = "error", error = ErrorFilter.BodyOf(error) }, "error");
            yield break;
        }
        var image = await LoadAsync(job, job.Result!.Pictures[0], cancellationToken);
        yield return Event(
            "completed",
            new()
            {
                ["b64_json"] = Convert.ToBase64String(Encode(image, body)),
                ["created_at"] = Seconds(job.FinishedAt!.Value),
                ["size"] = SizeOf(image),
                ["usage"] = Usage,
            }
        );

        SseItem<object> Partial(RgbImage picture, int index) =>
            Event(
                "partial_image",
                new()
                {
                    ["b64_json"] = Convert.ToBase64String(Encode(picture, body)),
                    ["created_at"] = Seconds(DateTimeOffset.UtcNow),
                    ["size"] = SizeOf(picture),
                    ["partial_image_index"] = index,
                }
            );

        SseItem<object> Event(string name, Dictionary<string, object> fields)
        {
            fields["type"] = $"{kind}.{name}";
            (fields["quality"], fields["background"], fields["output_format"]) = ("auto", "auto", body.OutputFormat ?? "png");
            return new SseItem<object>(fields, $"{kind}.{name}");
        }
    }

    // Nothing is counted in tokens here; clients expect the numbers.
    private static object Usage =>
        new
        {
            total_tokens = 0,
            input_tokens = 0,
            output_tokens = 0,
            input_tokens_details = new { text_tokens = 0, image_tokens = 0 },
        };

    private static void ThrowIfFailed(Job job)
    {
        if (ErrorOf(job) is { } error)
            throw error;
    }

    private static ApiException? ErrorOf(Job job) =>
        job switch
        {
            { State: JobState.Succeeded } => null,
            { Error: { Code: JobError.InvalidRequest } error } => ApiException.Invalid(error.Message, ParamOf(error.Param)),
            { Error: { } error } => new ApiException(500, error.Code, error.Message),
            _ => ApiException.Invalid("The job was cancelled.", code: "cancelled"),
        };

    // Members of the library by the names that they have in this API.
    private static string? ParamOf(string? member) =>
        member?.Split('.')[^1] switch
        {
            null => null,
            nameof(SamplingRequest.Steps) => "num_inference_steps",
            nameof(SamplingRequest.Guidance) => "guidance_scale",
            var other => JsonNamingPolicy.SnakeCaseLower.ConvertName(other),
        };

    private static byte[] Encode(RgbImage image, GenerationBody body) => ImageFile.Encode(image, body.MediaType, body.OutputQuality);

    private static string SizeOf(RgbImage image) => $"{image.Width}x{image.Height}";

    private static long Seconds(DateTimeOffset time) => time.ToUnixTimeSeconds();

    private async Task<RgbImage> LoadAsync(Job job, PictureResult picture, CancellationToken cancellationToken) =>
        ImageFile.Decode(await files.ReadAsync(job, picture.Image, cancellationToken), picture.Image);

    private void Cancel(string id)
    {
        store.Cancel(id);
        hub.Publish(id, [new StateEvent(null)]);
    }
}
