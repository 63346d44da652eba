using System.Text.Json.Serialization;
using ImgAlign.Cli.Align;

namespace ImgAlign.Cli.Jobs;

/// <summary>What lies beside a picture: everything that is needed to make it again, and what it cost.</summary>
internal record GenerationRecord(
    string Version,
    string Command,
    string Prompt,
    string? NegativePrompt,
    string? Image,
    long Seed,
    int Steps,
    double Guidance,
    double? TrueGuidance,
    GuidanceInterval? GuidanceInterval,
    GuidanceBranches GuidanceBranches,
    double GuidanceRescale,
    PresetRecord? Preset,
    string Sampler,
    IReadOnlyDictionary<string, string> SamplerOptions,
    double? Strength,
    double? Eta,
    NoiseLevelOptions NoiseLevels,
    int Width,
    int Height,
    double ImagePromptScale,
    int BatchSize,
    bool InTiles,
    IReadOnlyList<string> Warnings,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<TimingRecord>? Timings,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] double? Seconds,
    [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] IReadOnlyList<DeviceRecord>? Devices,
    IReadOnlyList<AppliedLora> Loras,
    IReadOnlyDictionary<string, string> Asked,
    IReadOnlyDictionary<string, string?> Configuration,
    IReadOnlyDictionary<string, string> Sources
)
{
    /// <summary>The diffusion model as programs for pictures name it.</summary>
    [JsonIgnore]
    public RecordedModel Model => RecordedModel.Of(Configuration, Sources);

    /// <summary>The same without paths of this machine, for the picture itself, which others get: sources say what the files were.</summary>
    public GenerationRecord WithoutPaths() =>
        this with
        {
            Image = null,
            Loras = [.. Loras.Select(static lora => new AppliedLora(RecordedModel.NameOf(lora.Path), lora.Scale, lora.Layers))],
            Asked = RecordedRun.WithoutFiles(Asked),
            Configuration = Configuration.Where(static pair => !SettingsFile.IsPath(pair.Key)).ToDictionary(),
        };

    /// <summary>The same without times and devices, which differ from run to run.</summary>
    public GenerationRecord WithoutCosts() => this with { Timings = null, Seconds = null, Devices = null };

    /// <summary>Describes a picture.</summary>
    /// <param name="result">The result of the run.</param>
    /// <param name="picture">The picture's part of it.</param>
    /// <param name="job">What asked for it.</param>
    /// <param name="run">What else was asked for, and of which models.</param>
    public static GenerationRecord Of(RunResult result, GeneratedItem picture, PictureJob job, RecordedRun run)
    {
        var (item, settings, report) = (picture.Item, result.Settings, result.Report);
        return new GenerationRecord(
            RecordJson.LibraryVersion,
            run.Command,
            item.Prompt,
            item.NegativePrompt,
            job.ImageFile,
            item.Seed,
            settings.Steps,
            settings.Guidance,
            SamplingArguments.TrueGuidanceOf(settings),
            settings.GuidanceInterval,
            settings.GuidanceBranches,
            settings.GuidanceRescale,
            PresetRecord.Of(settings),
            settings.Sampler.Name,
            settings.Sampler.Options,
            settings.Strength,
            settings.Eta,
            settings.NoiseLevels,
            picture.Image.Width,
            picture.Image.Height,
            settings.ImagePromptScale,
            report.BatchSize,
            report.InTiles,
            picture.Warnings,
            TimingRecord.Of(report),
            report.Duration.TotalSeconds,
            DeviceRecord.Of(report),
            result.Loras,
            run.Asked(job),
            run.Configuration,
            run.Sources
        );
    }
}

/// <summary>The preset of a record, and what shows that the model is the one that it is for.</summary>
internal sealed record PresetRecord(string Name, string Check)
{
    /// <summary>The preset of a run; null: it had none.</summary>
    public static PresetRecord? Of(SamplingSettings settings) =>
        settings.Preset is { } name ? new(name, settings.PresetEvidence ?? "not checked") : null;
}

/// <summary>One device of a record.</summary>
internal sealed record DeviceRecord(string Name, long EstimatedMemoryBytes, long? PeakMemoryBytes, bool UsesWideGemm)
{
    /// <summary>The devices of a run.</summary>
    public static IReadOnlyList<DeviceRecord> Of(RunReport report) =>
        [
            .. report.Devices.Select(static device => new DeviceRecord(
                device.Estimate.Device,
                device.Estimate.RequiredBytes,
                device.PeakMemoryBytes,
                device.UsesWideGemm
            )),
        ];
}

/// <summary>One stage of a record.</summary>
internal sealed record TimingRecord(RunStage Stage, int Round, double Seconds)
{
    /// <summary>The stages of a run.</summary>
    public static IReadOnlyList<TimingRecord> Of(RunReport report) =>
        [.. report.Timings.Select(static timing => new TimingRecord(timing.Stage, timing.Round, timing.Duration.TotalSeconds))];
}
