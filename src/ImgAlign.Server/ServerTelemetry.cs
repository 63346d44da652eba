using System.Diagnostics;
using System.Diagnostics.Metrics;

namespace ImgAlign.Server;

/// <summary>What the server and its workers tell of jobs, besides what the pipelines tell of runs.</summary>
public static class ServerTelemetry
{
    /// <summary>The name of the <see cref="ActivitySource"/> and of the <see cref="Meter"/>.</summary>
    public const string Name = "ImgAlign.Server";

    internal static ActivitySource Source { get; } = new(Name);

    internal static Histogram<double> JobDuration { get; } =
        new Meter(Name).CreateHistogram<double>("imgalign.job.duration", "s", "From a job's beginning to its end, by its state.");
}
