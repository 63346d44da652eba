using System.Diagnostics.Metrics;
using ImgAlign.Telemetry;

namespace ImgAlign.Training.Reporting;

/// <summary>The instruments of training, on the meter of all of ImgAlign; they cost nothing while nobody listens.</summary>
internal static class TrainingInstruments
{
    public static readonly Counter<long> Steps = Instruments.Meter.CreateCounter<long>(TelemetryNames.TrainingSteps, "{step}", "Steps of the optimiser.");

    public static readonly Counter<long> Samples = Instruments.Meter.CreateCounter<long>(TelemetryNames.TrainingSamples, "{sample}", "Samples trained on.");

    public static readonly Counter<long> Skipped = Instruments.Meter.CreateCounter<long>(TelemetryNames.TrainingSkipped, "{sample}", "Samples that cannot be used.");

    public static readonly Histogram<double> StepDuration = Instruments.Seconds(TelemetryNames.TrainingStepDuration, "One step, with the reading of its data.");

    public static readonly Gauge<double> Loss = Instruments.Meter.CreateGauge<double>(TelemetryNames.TrainingLoss, description: "The loss of a step.");

    public static readonly Gauge<double> Metric = Instruments.Meter.CreateGauge<double>(TelemetryNames.TrainingMetric, description: "What else is known of a step.");

    public static readonly Gauge<double> Evaluation = Instruments.Meter.CreateGauge<double>(TelemetryNames.TrainingEvaluation, description: "What held-out samples measure.");
}
