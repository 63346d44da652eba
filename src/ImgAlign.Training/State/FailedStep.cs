using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Checkpoints;
using TorchSharp;

namespace ImgAlign.Training.State;

/// <summary>Writes down a step whose loss is no number, so that it can be looked at.</summary>
internal static class FailedStep
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
    };

    public static void Write(
        string folder,
        long step,
        IReadOnlyList<SampleDraw> samples,
        IReadOnlyDictionary<string, double> metrics,
        IReadOnlyDictionary<string, torch.Tensor> inputs
    )
    {
        if (inputs.Count > 0)
            SafetensorsWriter.Write(Path.Combine(folder, "inputs.safetensors"), inputs);
        AtomicFile.Write(
            Path.Combine(folder, "step.json"),
            file =>
                JsonSerializer.Serialize(
                    file,
                    new
                    {
                        step,
                        samples,
                        metrics,
                    },
                    Json
                )
        );
    }
}
