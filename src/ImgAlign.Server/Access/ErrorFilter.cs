using System.Globalization;
using System.Text.Json;
using ImgAlign.Server.Files;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace ImgAlign.Server.Access;

/// <summary>Answers errors: problem details (RFC 9457), or the envelope of the OpenAI API.</summary>
/// <param name="isOpenAi">Whether it is the envelope.</param>
/// <param name="logger">Where errors of our own go.</param>
internal sealed partial class ErrorFilter(bool isOpenAi, ILogger<ErrorFilter> logger) : IEndpointFilter
{
    /// <summary>A filter for endpoints.</summary>
    public static ErrorFilter Create(IEndpointRouteBuilder endpoints, bool isOpenAi = false) =>
        new(isOpenAi, endpoints.ServiceProvider.GetRequiredService<ILogger<ErrorFilter>>());

    /// <inheritdoc/>
    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        try
        {
            return await next(context);
        }
        catch (Exception exception) when (exception is not OperationCanceledException && !context.HttpContext.Response.HasStarted)
        {
            return ToAnswer(context.HttpContext, ToApi(exception));
        }
    }

    /// <summary>What an error is in the OpenAI API.</summary>
    public static object BodyOf(ApiException exception) =>
        new
        {
            message = exception.Message,
            type = exception.Status switch
            {
                429 => "rate_limit_error",
                >= 500 => "server_error",
                _ => "invalid_request_error",
            },
            param = exception.Param,
            code = exception.Code,
        };

    private ApiException ToApi(Exception exception)
    {
        switch (exception)
        {
            case ApiException api:
                return api;
            case BadHttpRequestException bad:
                return new ApiException(bad.StatusCode, "invalid_request", bad.Message);
            case JsonException json:
                return ApiException.Invalid(
                    $"The body is not the JSON that is needed: {json.Message.Split(" LineNumber:")[0].Split(" Path:")[0]}",
                    json.Path?.TrimStart('$', '.') is { Length: > 0 } path ? path : null,
                    "invalid_json"
                );
            case StoreAwayException away:
                Failed(away);
                return new ApiException(503, "store_away", $"{away.Message} Ask again later.", retryAfter: TimeSpan.FromSeconds(5));
            default:
                Failed(exception);
                return new ApiException(500, "internal_error", "The server failed; its log has the details.");
        }
    }

    private IResult ToAnswer(HttpContext context, ApiException exception)
    {
        if (exception.RetryAfter is { } after)
            context.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(after.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
        else
            context.Response.Headers["x-should-retry"] = "false"; // OpenAI's clients would send again what has failed
        return isOpenAi
            ? Results.Json(new { error = BodyOf(exception) }, statusCode: exception.Status)
            : Results.Problem(
                exception.Message,
                statusCode: exception.Status,
                extensions: new Dictionary<string, object?> { ["code"] = exception.Code, ["param"] = exception.Param }
            );
    }

    [LoggerMessage(LogLevel.Error, "A request failed")]
    private partial void Failed(Exception exception);
}
