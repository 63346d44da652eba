using System.Diagnostics;
using System.Diagnostics.Metrics;
using ImgAlign.Telemetry;

namespace ImgAlign.Training.Reporting;

/// <summary>The instruments of training, on the meter of all of ImgAlign; they cost nothing while nobody listens.</summary>
internal static class TrainingInstruments
{
    private static readonly InstrumentAdvice<double> SecondsToTenMinutes = new()
    {
        HistogramBucketBoundaries = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600],
    };

    public static readonly ActivitySource Activities = new(TelemetryNames.Source);

    private static readonly Meter Meter = new(TelemetryNames.Source);

    public static readonly Counter<long> Steps = Meter.CreateCounter<long>(TrainingNames.Steps, "{step}", "Steps of the optimiser.");

    public static readonly Counter<long> Samples = Meter.CreateCounter<long>(TrainingNames.Samples, "{sample}", "Samples trained on.");

    public static readonly Counter<long> Skipped = Meter.CreateCounter<long>(
        TrainingNames.Skipped,
        "{sample}",
        "Samples that cannot be used."
    );

    public static readonly Histogram<double> StepDuration = Meter.CreateHistogram(
        TrainingNames.StepDuration,
        "s",
        "One step, with the reading of its data.",
        null,
        SecondsToTenMinutes
    );

    public static readonly Gauge<double> Loss = Meter.CreateGauge<double>(TrainingNames.Loss, description: "The loss of a step.");

    public static readonly Gauge<double> Metric = Meter.CreateGauge<double>(
        TrainingNames.Metric,
        description: "What else is known of a step."
    );

    public static readonly Gauge<double> Evaluation = Meter.CreateGauge<double>(
        TrainingNames.Evaluation,
        description: "What held-out samples measure."
    );
}
