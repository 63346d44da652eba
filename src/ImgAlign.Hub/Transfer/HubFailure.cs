using System.Globalization;
using System.Net;
using System.Text.RegularExpressions;

namespace ImgAlign.Hub.Transfer;

/// <summary>What an answer other than the wanted one means, from its status and the hub's headers <c>X-Error-Code</c> and
/// <c>X-Error-Message</c>.</summary>
internal static partial class HubFailure
{
    public static HubException Of(HttpResponseMessage response, HubReference reference, HubOptions options)
    {
        var repository = reference.Page;
        var page = $"{options.Endpoint.ToString().TrimEnd('/')}/{repository}";
        var hasToken = options.Token is not null;
        var text = Header(response, "X-Error-Message");
        return (response.StatusCode, Header(response, "X-Error-Code")) switch
        {
            (_, "GatedRepo") when hasToken => new(
                HubError.Gated,
                $"{repository} is gated, and the account of the token has no access: accept its terms at {page}."
            ),
            (_, "GatedRepo") => new(
                HubError.Gated,
                $"{repository} is gated: accept its terms at {page}, and set HF_TOKEN to a token of that account."
            ),
            (_, "RevisionNotFound") => new(
                HubError.RevisionNotFound,
                $"{repository} has no revision '{reference.Revision}': see {page} for what it has."
            ),
            (_, "EntryNotFound") => new(
                HubError.FileNotFound,
                $"{repository} has no file '{reference.Path}' at revision '{reference.Revision}': see {page} for what it has."
            ),
            (HttpStatusCode.Forbidden, _) when text?.StartsWith("Access to this resource is disabled", StringComparison.Ordinal) == true =>
                new(HubError.Disabled, $"{repository} has been disabled by the hub: it can no longer be fetched; name another repository."),
            (HttpStatusCode.NotFound, _) or (_, "RepoNotFound") => new(HubError.RepositoryNotFound, NotFound("was not found")),
            (HttpStatusCode.Unauthorized, _) when !hasToken => new(HubError.RepositoryNotFound, NotFound("does not exist or is private")),
            (HttpStatusCode.Unauthorized, _) => new(
                HubError.Unauthorized,
                $"The hub does not accept the token for {repository}: set HF_TOKEN to a valid one."
            ),
            (HttpStatusCode.Forbidden, _) => new(
                HubError.Unauthorized,
                $"The token may not read {repository}{Said()}: give it the right to, or use another."
            ),
            (HttpStatusCode.TooManyRequests, _) => new(
                HubError.RateLimited,
                $"The hub limits the rate of requests{Pause()}: try again later, or set HF_TOKEN."
            ),
            var (status, _) => new(
                HubError.Unreachable,
                $"{response.RequestMessage?.RequestUri?.Host} answers {(int)status} for {repository}{Said()}: try again later."
            ),
        };

        string NotFound(string what) =>
            $"{repository} {what} at {options.Endpoint.Host}: check the name, and if it is private, set HF_TOKEN to a token that opens it.";

        string Said() => text is null ? "" : $" ('{text}')";

        string Pause() =>
            AskedPause(response) is { } pause
                ? $" and asks for a pause of {pause.TotalSeconds.ToString("0", CultureInfo.InvariantCulture)} s"
                : "";
    }

    /// <summary>The pause that an answer asks for: <c>Retry-After</c>, or <c>t</c> of <c>RateLimit: "api";r=0;t=55</c>.</summary>
    public static TimeSpan? AskedPause(HttpResponseMessage response)
    {
        if (response.IsSuccessStatusCode)
            return null;
        if (response.Headers.RetryAfter?.Delta is { } delta)
            return delta;
        if (response.Headers.RetryAfter?.Date is { } date)
            return TimeSpan.FromTicks(Math.Max(0, (date - DateTimeOffset.UtcNow).Ticks));
        var limit = RateLimitReset().Match(Header(response, "RateLimit") ?? "");
        return limit.Success ? TimeSpan.FromSeconds(int.Parse(limit.Groups[1].ValueSpan, CultureInfo.InvariantCulture)) : null;
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? string.Concat(values.First().Where(c => !char.IsControl(c)).Take(200)) : null;

    [GeneratedRegex(@";\s*t=(\d{1,6})")]
    private static partial Regex RateLimitReset();
}
