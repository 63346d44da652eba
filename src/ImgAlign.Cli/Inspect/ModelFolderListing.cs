using System.Text.Json;
using System.Text.Json.Serialization;
using ImgAlign.Checkpoints;

namespace ImgAlign.Cli.Inspect;

/// <summary>What the folder of a whole model is: its class, its parts, how it is sampled.</summary>
internal sealed record ModelFolderListing(
    string Source,
    string? Class,
    IReadOnlyDictionary<string, CheckpointListing> Parts,
    ModelFolderListing.SchedulerSummary? Scheduler,
    IReadOnlyList<FewStepHint> FewSteps,
    string? Use
)
{
    private const string Index = "model_index.json";

    private static readonly Dictionary<string, string> Uses = new(StringComparer.Ordinal)
    {
        ["StableDiffusionXLPipeline"] = "--model FOLDER",
        ["FluxPipeline"] = "--backbone flux --model FOLDER",
        ["ZImagePipeline"] = "--backbone zimage --model FOLDER",
        ["FluxPriorReduxPipeline"] = "--backbone flux --redux FOLDER",
    };

    /// <summary>What it is, in lines for people.</summary>
    [JsonIgnore]
    public IEnumerable<string> Lines =>
        [
            $"what: a whole model, {Class ?? "of no class that is named"}",
            .. Scheduler is null ? [] : new[] { $"sampled by: {Scheduler}" },
            .. FewSteps.Select(static hint => $"few steps: {hint}"),
            $"use: {Use ?? "not supported"}",
        ];

    /// <summary>Whether a folder is that of a whole model in diffusers' layout.</summary>
    public static bool IsModel(string path) => File.Exists(Path.Combine(path, Index));

    /// <summary>Reads the headers of its parts.</summary>
    /// <param name="named">The folder as it was named.</param>
    /// <param name="folder">Where it is.</param>
    /// <exception cref="ImgAlignException">A file of it is broken.</exception>
    public static ModelFolderListing Read(string named, string folder)
    {
        var type = ConfigFile.Read<Named>(Path.Combine(folder, Index)).ClassName;
        var scheduler = Path.Combine(folder, "scheduler", "scheduler_config.json");
        return new ModelFolderListing(
            folder,
            type,
            Directory
                .EnumerateDirectories(folder)
                .Where(static part => Directory.EnumerateFiles(part).Any(ModelFiles.IsCheckpoint))
                .Order(StringComparer.Ordinal)
                .ToDictionary(static part => Path.GetFileName(part), static part => CheckpointListing.Read(part) with { Tensors = [] }),
            File.Exists(scheduler) ? ConfigFile.Read<SchedulerSummary>(scheduler) : null,
            FewStepHint.Of(named),
            type is null ? null : Uses.GetValueOrDefault(type)
        );
    }

    /// <summary>What of a <c>scheduler_config.json</c> tells how a model is sampled.</summary>
    internal sealed record SchedulerSummary
    {
        /// <summary>The class of diffusers.</summary>
        [JsonPropertyName("_class_name")]
        public string? ClassName { get; init; }

        /// <summary>What the network predicts.</summary>
        public string? PredictionType { get; init; }

        /// <summary>Which timesteps are used.</summary>
        public string? TimestepSpacing { get; init; }

        /// <inheritdoc/>
        public override string ToString() =>
            string.Join(
                ", ",
                new[]
                {
                    ClassName,
                    PredictionType is null ? null : $"predicts {PredictionType}",
                    TimestepSpacing is null ? null : $"{TimestepSpacing} timesteps",
                }.OfType<string>()
            );
    }

    private sealed record Named
    {
        [JsonPropertyName("_class_name")]
        public string? ClassName { get; init; }
    }
}
