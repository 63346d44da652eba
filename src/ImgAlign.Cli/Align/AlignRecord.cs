using ImgAlign.Cli.Hub;
using ImgAlign.Cli.Jobs;
using Microsoft.Extensions.Configuration;

namespace ImgAlign.Cli.Align;

/// <summary>What <c>record.json</c> holds: everything that is needed to make the pictures again, what was asked and answered, and what it cost.</summary>
internal sealed record AlignRecord(
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
    int AlignerPasses,
    int MostRounds,
    int BatchSize,
    IReadOnlyList<string> Warnings,
    bool Accepted,
    IReadOnlyDictionary<string, double> BaseScores,
    IReadOnlyList<RoundRecord> Rounds,
    IReadOnlyList<TimingRecord> Timings,
    double Seconds,
    IReadOnlyList<DeviceRecord> Devices,
    IReadOnlyList<AppliedLora> Loras,
    IReadOnlyDictionary<string, string?> Configuration,
    IReadOnlyDictionary<string, string> Sources)
{
    /// <summary>Describes what became of an item.</summary>
    /// <param name="result">The result of the run.</param>
    /// <param name="aligned">The item's part of it.</param>
    /// <param name="request">The request.</param>
    /// <param name="image">The file of the picture that was given, or null when it was generated.</param>
    /// <param name="configuration">The models and how they ran, as configured.</param>
    public static AlignRecord Of(AlignmentResult result, AlignedItem aligned, AlignmentRequest request, string? image, IConfigurationSection configuration)
    {
        var (item, settings, report) = (aligned.Item, result.Settings, result.Report);
        return new AlignRecord(
            RecordJson.LibraryVersion, item.Prompt, item.NegativePrompt, image, item.Seed, settings.Steps, settings.Guidance, SamplingArguments.TrueGuidanceOf(settings), settings.GuidanceInterval, settings.GuidanceBranches, settings.Sampler.Name,
            aligned.Image.Width, aligned.Image.Height, settings.ImagePromptScale, request.AlignerPasses, request.Rounds, report.BatchSize,
            aligned.Warnings, aligned.Accepted, ToDictionary(aligned.BaseScores),
            [.. aligned.Rounds.Select(static round => new RoundRecord(round.Number, round.Question, round.Critique, ToDictionary(round.Scores), round.Accepted))],
            TimingRecord.Of(report),
            report.Duration.TotalSeconds,
            DeviceRecord.Of(report),
            result.Backbone.Loras,
            RecordJson.Values(configuration),
            NamedModels.Sources(configuration));
    }

    private static Dictionary<string, double> ToDictionary(IEnumerable<NamedScore> scores) => scores.ToDictionary(static score => score.Scorer, static score => score.Value);

    /// <summary>The record as the text of a JSON file.</summary>
    public string ToJson() => RecordJson.Write(this);
}

/// <summary>One round of a record.</summary>
internal sealed record RoundRecord(int Number, string Question, string? Critique, IReadOnlyDictionary<string, double> Scores, bool Accepted);

/// <summary>One device of a record.</summary>
internal sealed record DeviceRecord(string Name, long EstimatedMemoryBytes, long? PeakMemoryBytes)
{
    /// <summary>The devices of a run.</summary>
    public static IReadOnlyList<DeviceRecord> Of(RunReport report) =>
        [.. report.Devices.Select(static device => new DeviceRecord(device.Estimate.Device, device.Estimate.RequiredBytes, device.PeakMemoryBytes))];
}

/// <summary>One stage of a record.</summary>
internal sealed record TimingRecord(RunStage Stage, int Round, double Seconds)
{
    /// <summary>The stages of a run.</summary>
    public static IReadOnlyList<TimingRecord> Of(RunReport report) =>
        [.. report.Timings.Select(static timing => new TimingRecord(timing.Stage, timing.Round, timing.Duration.TotalSeconds))];
}
