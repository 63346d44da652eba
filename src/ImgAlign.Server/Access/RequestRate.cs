using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http;

namespace ImgAlign.Server.Access;

/// <summary>How many requests for pictures an address may send.</summary>
internal sealed class RequestRate(ImgAlignServerOptions options) : IDisposable
{
    private const int Segments = 6;

    private readonly PartitionedRateLimiter<HttpContext> limiter = PartitionedRateLimiter.Create<HttpContext, string>(context =>
        RateLimitPartition.GetSlidingWindowLimiter(
            context.Connection.RemoteIpAddress?.ToString() ?? "",
            _ => new SlidingWindowRateLimiterOptions
            {
                PermitLimit = options.RequestsPerMinute,
                Window = TimeSpan.FromMinutes(1),
                SegmentsPerWindow = Segments,
            }
        )
    );

    /// <summary>Counts a request.</summary>
    /// <exception cref="ApiException">There were too many.</exception>
    public void Count(HttpContext context)
    {
        using var lease = limiter.AttemptAcquire(context);
        if (!lease.IsAcquired)
            throw new ApiException(
                429,
                "rate_limit_exceeded",
                $"More than {options.RequestsPerMinute} requests in a minute; ask again later.",
                retryAfter: lease.TryGetMetadata(MetadataName.RetryAfter, out var after) ? after : TimeSpan.FromSeconds(10)
            );
    }

    public void Dispose() => limiter.Dispose();
}
