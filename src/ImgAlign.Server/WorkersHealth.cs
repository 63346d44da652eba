using Hangfire;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace ImgAlign.Server;

/// <summary>Healthy where the store answers and a worker was heard of lately.</summary>
internal sealed class WorkersHealth(JobStorage storage) : IHealthCheck
{
    /// <summary>How often workers tell that they are there.</summary>
    public static readonly TimeSpan Heartbeat = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var workers = storage.GetMonitoringApi().Servers().Count(static worker => DateTime.UtcNow - worker.Heartbeat < 4 * Heartbeat);
        return Task.FromResult(
            workers > 0 ? HealthCheckResult.Healthy($"{workers} workers") : HealthCheckResult.Unhealthy("No worker was heard of lately.")
        );
    }
}
