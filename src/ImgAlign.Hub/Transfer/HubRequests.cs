using System.Net;
using System.Net.Http.Headers;
using Microsoft.Extensions.Http.Resilience;
using Polly;
using Polly.Retry;
using Polly.Timeout;

namespace ImgAlign.Hub.Transfer;

/// <summary>
/// Requests to the hub and to the hosts that it redirects to: repeated where that may help, with the token for the hub alone, and with
/// answers that are not the wanted ones turned into a <see cref="HubException"/>. A refusal of another host says nothing of the repository,
/// only that its signed address has expired: a <see cref="BrokenTransferException"/>.
/// </summary>
internal sealed class HubRequests : IDisposable
{
    private const int LongestChain = 10;
    private static readonly HttpRequestOptionsKey<TimeSpan> TimeLimit = new("ImgAlign.Hub.TimeLimit");

    private readonly HubOptions _options;
    private readonly HttpClient _client;

    public HubRequests(HubOptions options)
    {
        _options = options;
        var connections = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            ConnectTimeout = options.MetadataTimeout,
            PooledConnectionLifetime = TimeSpan.FromMinutes(5),
            UseCookies = false,
        };
        _client = new HttpClient(new ResilienceHandler(Pipeline()) { InnerHandler = connections }) { Timeout = Timeout.InfiniteTimeSpan };
        var version = typeof(HubRequests).Assembly.GetName().Version!;
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("ImgAlign.Hub", version.ToString(3)));
    }

    public void Dispose() => _client.Dispose();

    /// <summary>An answer of the hub's API.</summary>
    public Task<HttpResponseMessage> GetAsync(Uri address, HubReference reference, CancellationToken cancellationToken) =>
        SendAsync(
            () => new HttpRequestMessage(HttpMethod.Get, address),
            reference,
            _options.MetadataTimeout,
            followToOthers: true,
            cancellationToken
        );

    /// <summary>What the hub says of a file: its own answer, not that of the host which serves the content.</summary>
    public Task<HttpResponseMessage> HeadAsync(Uri address, HubReference reference, CancellationToken cancellationToken) =>
        SendAsync(
            () => new HttpRequestMessage(HttpMethod.Head, address),
            reference,
            _options.MetadataTimeout,
            followToOthers: false,
            cancellationToken
        );

    /// <summary>Content, from <paramref name="start"/> to <paramref name="end"/> (exclusive), or all of it where <paramref name="end"/> is
    /// null.</summary>
    public Task<HttpResponseMessage> GetContentAsync(
        Uri address,
        long start,
        long? end,
        HubReference reference,
        CancellationToken cancellationToken
    )
    {
        return SendAsync(Request, reference, _options.DownloadTimeout, followToOthers: true, cancellationToken);

        HttpRequestMessage Request()
        {
            var request = new HttpRequestMessage(HttpMethod.Get, address);
            if (start > 0 || end is not null)
                request.Headers.Range = new RangeHeaderValue(start, end - 1);
            return request;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(
        Func<HttpRequestMessage> create,
        HubReference reference,
        TimeSpan limit,
        bool followToOthers,
        CancellationToken cancellationToken
    )
    {
        Uri? next = null;
        for (var hop = 0; hop <= LongestChain; hop++)
        {
            using var request = create();
            if (next is not null)
                request.RequestUri = next;
            var address = request.RequestUri!;
            request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
            request.Options.Set(TimeLimit, limit);
            if (_options.Token is { } token && IsHub(address))
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
            var response = await TrySendAsync(request, cancellationToken).ConfigureAwait(false);
            if (!IsRedirect(response.StatusCode) || response.Headers.Location is not { } location)
            {
                if (response.IsSuccessStatusCode || response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
                    return response;
                using (response)
                    throw IsHub(address)
                        ? HubFailure.Of(response, reference, _options)
                        : new BrokenTransferException($"{address.Host} answers {(int)response.StatusCode}");
            }
            next = new Uri(address, location);
            if (!followToOthers && !IsHub(next))
                return response;
            response.Dispose();
            if (next.Scheme is not ("http" or "https") || (address.Scheme == "https" && next.Scheme == "http"))
                throw new HubException(
                    HubError.Unreachable,
                    $"{address.Host} redirects {reference} to an address that is not safe to follow."
                );
        }
        throw new HubException(HubError.Unreachable, $"{_options.Endpoint} redirects {reference} without an end.");
    }

    private async Task<HttpResponseMessage> TrySendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        try
        {
            return await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
        }
        catch (Exception e) when (e is HttpRequestException or TimeoutRejectedException)
        {
            throw new HubException(
                HubError.Unreachable,
                $"{request.RequestUri!.GetLeftPart(UriPartial.Authority)} does not answer ({e.Message.TrimEnd('.')}): "
                    + "check the network, or set HF_HUB_OFFLINE=1 "
                    + "to use what the cache has.",
                e
            );
        }
    }

    private bool IsHub(Uri address) =>
        Uri.Compare(address, _options.Endpoint, UriComponents.SchemeAndServer, UriFormat.Unescaped, StringComparison.OrdinalIgnoreCase)
        == 0;

    private static bool IsRedirect(HttpStatusCode status) =>
        status
            is HttpStatusCode.Moved
                or HttpStatusCode.Found
                or HttpStatusCode.SeeOther
                or HttpStatusCode.TemporaryRedirect
                or HttpStatusCode.PermanentRedirect;

    private ResiliencePipeline<HttpResponseMessage> Pipeline() =>
        new ResiliencePipelineBuilder<HttpResponseMessage>()
            .AddRetry(
                new HttpRetryStrategyOptions
                {
                    MaxRetryAttempts = _options.Retries,
                    Delay = _options.RetryDelay,
                    BackoffType = DelayBackoffType.Exponential,
                    UseJitter = true,
                    ShouldHandle = attempt =>
                        ValueTask.FromResult(
                            HttpClientResiliencePredicates.IsTransient(attempt.Outcome) && !IsPauseTooLong(attempt.Outcome)
                        ),
                    DelayGenerator = attempt => ValueTask.FromResult(AskedPause(attempt.Outcome)),
                }
            )
            .AddTimeout(
                new HttpTimeoutStrategyOptions
                {
                    TimeoutGenerator = attempt =>
                        ValueTask.FromResult(
                            attempt.Context.GetRequestMessage()!.Options.TryGetValue(TimeLimit, out var limit)
                                ? limit
                                : Timeout.InfiniteTimeSpan
                        ),
                }
            )
            .Build();

    private bool IsPauseTooLong(Outcome<HttpResponseMessage> outcome) => AskedPause(outcome) > _options.LongestPause;

    private static TimeSpan? AskedPause(Outcome<HttpResponseMessage> outcome) =>
        outcome.Result is { } response ? HubFailure.AskedPause(response) : null;
}
