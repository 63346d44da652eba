using System.Diagnostics;
using System.Diagnostics.Metrics;
using TorchSharp;

namespace ImgAlign.Telemetry;

/// <summary>The process's instruments; they cost nothing while nobody listens.</summary>
internal static class Instruments
{
    private static readonly InstrumentAdvice<double> SecondsToTenMinutes = new()
    {
        HistogramBucketBoundaries = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600],
    };

    public static readonly ActivitySource Activities = new(TelemetryNames.Source);

    public static readonly Meter Meter = new(TelemetryNames.Source);

    public static readonly Histogram<double> OperationDuration = Seconds(
        TelemetryNames.OperationDuration,
        "A whole run, with the wait for the device."
    );

    public static readonly Histogram<double> PhaseDuration = Seconds(TelemetryNames.PhaseDuration, "One stage of a run.");

    public static readonly Histogram<double> StepDuration = Seconds(TelemetryNames.StepDuration, "One sampler step.");

    public static readonly Histogram<long> MemoryUsage = Meter.CreateHistogram<long>(
        TelemetryNames.MemoryUsage,
        "By",
        "The peak of a run."
    );

    public static readonly UpDownCounter<int> QueueLength = Meter.CreateUpDownCounter<int>(
        TelemetryNames.QueueLength,
        "{run}",
        "Runs that wait for a device."
    );

    public static readonly ObservableGauge<long> LiveTensors = Meter.CreateObservableGauge(
        TelemetryNames.LiveTensors,
        () => torch.Tensor.TotalCount,
        "{tensor}",
        "Native tensors alive in the process."
    );

    public static Histogram<double> Seconds(string name, string description) =>
        Meter.CreateHistogram(name, "s", description, null, SecondsToTenMinutes);
}
