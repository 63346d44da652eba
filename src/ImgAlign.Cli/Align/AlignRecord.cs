using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Cli.Hub;
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
    GuidanceInterval? GuidanceInterval,
    GuidanceBranches GuidanceBranches,
    int Width,
    int Height,
    double ImagePromptScale,
    int AlignerPasses,
    int MostRounds,
    bool Accepted,
    IReadOnlyDictionary<string, double> BaseScores,
    IReadOnlyList<RoundRecord> Rounds,
    IReadOnlyList<TimingRecord> Timings,
    double Seconds,
    long EstimatedMemoryBytes,
    long? PeakMemoryBytes,
    IReadOnlyList<AppliedLora> Loras,
    IReadOnlyDictionary<string, string?> Configuration,
    IReadOnlyDictionary<string, string> Sources)
{
    private static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        WriteIndented = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    private static string LibraryVersion => typeof(AlignmentPipeline).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion;

    /// <summary>Describes a result.</summary>
    /// <param name="result">The result.</param>
    /// <param name="image">The file of the picture that was given, or null when it was generated.</param>
    /// <param name="loras">The LoRAs that were merged into the backbone.</param>
    /// <param name="configuration">The models and how they ran, as configured.</param>
    public static AlignRecord Of(AlignmentResult result, string? image, IReadOnlyList<AppliedLora> loras, IConfigurationSection configuration)
    {
        var request = result.Request;
        return new AlignRecord(
            LibraryVersion, request.Prompt, request.NegativePrompt, image, request.Seed, request.Steps!.Value, request.Guidance!.Value, request.GuidanceInterval, request.GuidanceBranches,
            request.Size!.Value.Width, request.Size.Value.Height, request.ImagePromptScale!.Value, request.AlignerPasses, request.Rounds,
            result.Accepted, result.BaseScores,
            [.. result.Rounds.Select(round => new RoundRecord(round.Number, round.Question, round.Critique, round.Scores, round.Accepted))],
            [.. result.Report.Timings.Select(timing => new TimingRecord(timing.Stage, timing.Round, timing.Duration.TotalSeconds))],
            result.Report.Duration.TotalSeconds, result.Report.Estimate.RequiredBytes, result.Report.PeakMemoryBytes, loras,
            configuration.AsEnumerable(makePathsRelative: true).Where(pair => pair.Value is not null).OrderBy(pair => pair.Key, StringComparer.Ordinal).ToDictionary(),
            NamedModels.Sources(configuration));
    }

    /// <summary>The record as the text of a JSON file.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Options);
}

/// <summary>One round of a record.</summary>
internal sealed record RoundRecord(int Number, string Question, string? Critique, IReadOnlyDictionary<string, double> Scores, bool Accepted);

/// <summary>One stage of a record.</summary>
internal sealed record TimingRecord(AlignmentStage Stage, int Round, double Seconds);
