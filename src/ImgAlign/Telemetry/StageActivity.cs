using System.Diagnostics;

namespace ImgAlign.Telemetry;

/// <summary>The activity of one stage, by OpenTelemetry's conventions where there are some.</summary>
internal static class StageActivity
{
    public static Activity? Start(RunStage stage, string model, int round)
    {
        var (name, operation, output) = stage switch
        {
            RunStage.Generate => ($"generate_content {model}", "generate_content", "image"),
            RunStage.Detect or RunStage.Describe => ($"chat {model}", "chat", "text"),
            _ => ($"imgalign.{stage.ToString().ToLowerInvariant()}", null, null),
        };
        return Instruments
            .Activities.StartActivity(name)
            ?.SetTag(TelemetryNames.OperationName, operation)
            .SetTag(TelemetryNames.ProviderName, operation is null ? null : "imgalign")
            .SetTag(TelemetryNames.RequestModel, model)
            .SetTag(TelemetryNames.OutputType, output)
            .SetTag(TelemetryNames.Phase, stage.ToString())
            .SetTag(TelemetryNames.Round, round);
    }
}
