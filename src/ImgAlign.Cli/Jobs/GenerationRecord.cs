using ImgAlign.Cli.Align;
using ImgAlign.Cli.Hub;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Cli.Jobs;

/// <summary>What lies beside a generated picture: everything that is needed to make it again, and what it cost.</summary>
internal sealed record GenerationRecord(
    string Version,
    string Prompt,
    string? NegativePrompt,
    string? Image,
    long Seed,
    int Steps,
    double Guidance,
    double? TrueGuidance,
    GuidanceInterval? GuidanceInterval,
    GuidanceBranches GuidanceBranches,
    string Sampler,
    int Width,
    int Height,
    double ImagePromptScale,
    int BatchSize,
    IReadOnlyList<string> Warnings,
    IReadOnlyList<TimingRecord> Timings,
    double Seconds,
    IReadOnlyList<DeviceRecord> Devices,
    IReadOnlyList<AppliedLora> Loras,
    IReadOnlyDictionary<string, string?> Configuration,
    IReadOnlyDictionary<string, string> Sources)
{
    /// <summary>Describes a picture.</summary>
    /// <param name="result">The result of the run.</param>
    /// <param name="picture">The picture's part of it.</param>
    /// <param name="job">What it was made for.</param>
    /// <param name="configuration">The models and how they ran, as configured.</param>
    public static GenerationRecord Of(GenerationResult result, GeneratedItem picture, PictureJob job, IConfigurationSection configuration)
    {
        var (settings, report) = (result.Settings, result.Report);
        return new GenerationRecord(
            RecordJson.LibraryVersion, job.Prompt, job.NegativePrompt, job.ImageFile, job.Seed,
            settings.Steps, settings.Guidance, SamplingArguments.TrueGuidanceOf(settings),
            settings.GuidanceInterval, settings.GuidanceBranches, settings.Sampler.Name,
            picture.Image.Width, picture.Image.Height, settings.ImagePromptScale, report.BatchSize, picture.Warnings,
            TimingRecord.Of(report), report.Duration.TotalSeconds, DeviceRecord.Of(report),
            result.Backbone.Loras, RecordJson.Values(configuration), NamedModels.Sources(configuration));
    }

    /// <summary>The record as the text of a JSON file.</summary>
    public string ToJson() => RecordJson.Write(this);
}
