using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Networks.Llava;
using ImgAlign.Runtime;
using ImgAlign.Training.Data;
using ImgAlign.Training.Parallel;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Training.Detector;

/// <summary>The fine-tuning of LLaVA as IMG's detector, from triplets on disk to a model's folder that <see cref="LlavaDetector"/> takes
/// (IMG, section 3.2 and A.3).</summary>
public sealed class DetectorTraining : TrainingRun
{
    private readonly DeviceRuntime runtime;
    private readonly LlavaOptions model;
    private readonly DetectorTrainingOptions options;
    private readonly IReadOnlyList<EditTriplet> triplets; // those that are held out come last
    private readonly int heldOut;

    private DetectorTraining(
        DeviceRuntime runtime,
        LlavaOptions model,
        DetectorTrainingOptions options,
        IReadOnlyList<EditTriplet> triplets,
        int heldOut,
        IProcessGroup? group
    )
        : base(runtime, options, triplets.Count - heldOut, group)
    {
        this.runtime = runtime;
        this.model = model;
        this.options = options;
        this.triplets = triplets;
        this.heldOut = heldOut;
    }

    /// <summary>The number of triplets that are trained on.</summary>
    public int TripletCount => triplets.Count - heldOut;

    /// <inheritdoc/>
    public override string Description =>
        $"{TripletCount} triplets{(heldOut > 0 ? $", {heldOut} held out" : "")}, {options.Trainer.Steps} steps";

    /// <summary>The folder of the tuned model.</summary>
    public override string ResultPath => Path.Combine(options.OutputPath, "model");

    /// <summary>Reads the lists of triplets; Parquet is taken apart into the folder of the run first.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="model">Where LLaVA is, and how it is asked.</param>
    /// <param name="options">The data, and how it is tuned.</param>
    /// <param name="imported">Receives how many rows of Parquet are done.</param>
    /// <param name="group">The processes that share every batch, each with its own device; null: this one alone.</param>
    /// <param name="cancellationToken">Ends the reading of Parquet.</param>
    /// <exception cref="ImgAlignException">An option is out of its range, or the data are missing or broken.</exception>
    public static async Task<DetectorTraining> OpenAsync(
        DeviceRuntime runtime,
        LlavaOptions model,
        DetectorTrainingOptions options,
        IProgress<long>? imported = null,
        IProcessGroup? group = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return await ReadInTurnAsync(
            group,
            async () =>
            {
                var triplets = await ReadAsync(options.DataPath, "triplets");
                var heldOut = options.EvaluationPath is { } path
                    ? (await ReadAsync(path, "evaluation-triplets")).Take(options.EvaluationSamples).ToList()
                    : [];
                return new DetectorTraining(runtime, model, options, [.. triplets, .. heldOut], heldOut.Count, group);
            }
        );

        Task<IReadOnlyList<EditTriplet>> ReadAsync(string source, string cache) =>
            InstructPix2Pix.OpenAsync(source, Path.Combine(options.OutputPath, "cache", cache), imported, cancellationToken);
    }

    private protected override TrainingResult Run(Loop train)
    {
        var config = LlavaConfig.Read(model.ModelPath, model.VisionTowerPath);
        using var network = new LlavaModel(config, META);
        network.LanguageModel.Model.RecomputesActivations = options.CheckpointGradients;
        var maps = LlavaWeights.Bind(network, model.ModelPath, model.VisionTowerPath, runtime.Type, runtime.Device);
        using var adapters =
            options.LoraRank == 0
                ? null
                : new LowRankAdapters(
                    network.LanguageModel,
                    static layer => layer.StartsWith("model.layers.", StringComparison.Ordinal),
                    options.LoraRank,
                    options.LoraAlpha,
                    options.Trainer.Seed
                );

        var trained =
            adapters?.Parameters(layer => LayerName(maps[network.LanguageModel], layer))
            ?? NamedParameters
                .Of(network.Projector, maps[network.Projector])
                .Concat(NamedParameters.Of(network.LanguageModel, maps[network.LanguageModel]))
                .ToDictionary();
        var questions = new TripletQuestions(
            triplets,
            new LlavaProcessor(config, model.ModelPath, model.VisionTowerPath, model.Template, model.ImageAspectRatio)
        );
        using var task = new InstructionTask(network, trained, TripletCount, questions.Read, questions.FindProblem, heldOut);
        var result = train(task);
        if (Rank != 0)
            return result;
        WriteModel(
            adapters is null
                ? trained.ToDictionary(static pair => pair.Key, static pair => (Func<Tensor>)(() => pair.Value.detach()))
                : adapters
                    .MergedWeights()
                    .ToDictionary(weight => LayerName(maps[network.LanguageModel], weight.Path) + ".weight", static weight => weight.Weight)
        );
        return result;
    }

    // The model's folder again, with one file of weights: what reads the original reads the tuned one.
    private void WriteModel(IReadOnlyDictionary<string, Func<Tensor>> tuned)
    {
        Directory.CreateDirectory(ResultPath);
        var source = ModelFolder.Resolve(model.ModelPath);
        foreach (var file in Directory.EnumerateFiles(source).Where(static file => IsSmallPart(Path.GetFileName(file))))
            File.Copy(file, Path.Combine(ResultPath, Path.GetFileName(file)), overwrite: true);
        using var original = Checkpoint.Open(model.ModelPath);
        using var checkpoint = new TunedCheckpoint(original, tuned);
        SafetensorsWriter.Write(Path.Combine(ResultPath, "model.safetensors"), checkpoint, original.Metadata);
    }

    private static bool IsSmallPart(string name) =>
        !name.EndsWith(".index.json", StringComparison.Ordinal) && Path.GetExtension(name) is ".json" or ".model" or ".txt" or ".jinja";

    private static string LayerName(WeightMap map, string path) => map.Resolve(path + ".weight").Names[0][..^".weight".Length];
}
