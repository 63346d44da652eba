using ImgAlign.Checkpoints;
using ImgAlign.Detectors;
using ImgAlign.Networks.Llava;
using ImgAlign.Runtime;
using ImgAlign.Training.Data;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Training.Detector;

/// <summary>The fine-tuning of LLaVA as IMG's detector, from triplets on disk to a model's folder that <see cref="LlavaDetector"/> takes (IMG, section 3.2 and A.3).</summary>
public sealed class DetectorTraining
{
    private readonly DeviceRuntime runtime;
    private readonly LlavaOptions model;
    private readonly DetectorTrainingOptions options;
    private readonly IReadOnlyList<EditTriplet> triplets;

    private DetectorTraining(DeviceRuntime runtime, LlavaOptions model, DetectorTrainingOptions options, IReadOnlyList<EditTriplet> triplets)
    {
        this.runtime = runtime;
        this.model = model;
        this.options = options;
        this.triplets = triplets;
    }

    /// <summary>The number of triplets.</summary>
    public int TripletCount => triplets.Count;

    /// <summary>The folder of the tuned model.</summary>
    public string ModelPath => Path.Combine(options.OutputPath, "model");

    /// <summary>Reads the list of triplets; Parquet is taken apart into the folder of the run first.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="model">Where LLaVA is, and how it is asked.</param>
    /// <param name="options">The data, and how it is tuned.</param>
    /// <param name="imported">Is told how many rows of Parquet are done.</param>
    /// <param name="cancellationToken">Ends the reading of Parquet.</param>
    /// <exception cref="ImgAlignException">An option is out of its range, or the data are missing or broken.</exception>
    public static async Task<DetectorTraining> OpenAsync(
        DeviceRuntime runtime, LlavaOptions model, DetectorTrainingOptions options, IProgress<long>? imported = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        var triplets = await InstructPix2Pix.OpenAsync(options.DataPath, Path.Combine(options.OutputPath, "cache", "triplets"), imported, cancellationToken);
        if (options.Epochs > 0) options.Trainer.Steps = Math.Max(1, (long)Math.Ceiling(options.Epochs * triplets.Count / options.Trainer.BatchSize));
        options.Trainer.Validate(processes: 1);
        return new DetectorTraining(runtime, model, options, triplets);
    }

    /// <summary>Trains, on the device's thread, and writes the tuned model.</summary>
    /// <param name="resume">Whether to go on where the latest checkpoint ends.</param>
    /// <param name="progress">Is told of every step, on that thread.</param>
    /// <param name="cancellationToken">Ends the run after its current step, with a checkpoint.</param>
    public Task<TrainingResult> RunAsync(bool resume = false, IProgress<TrainingProgress>? progress = null, CancellationToken cancellationToken = default) =>
        runtime.Worker.RunAsync(() => Run(resume, progress, cancellationToken), cancellationToken);

    private TrainingResult Run(bool resume, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var config = LlavaConfig.Read(model.ModelPath, model.VisionTowerPath);
        using var network = new LlavaModel(config, META);
        network.LanguageModel.Model.RecomputesActivations = options.CheckpointGradients;
        var maps = new Dictionary<nn.Module, WeightMap>();
        LlavaWeights.Read(network, model.ModelPath, model.VisionTowerPath, (part, source, map) =>
        {
            CheckpointBinder.Bind(part, source, map, runtime.Type, runtime.Device);
            maps.Add(part, map);
        });
        using var adapters = options.LoraRank == 0 ? null
            : new LowRankAdapters(network.LanguageModel, static layer => layer.StartsWith("model.layers.", StringComparison.Ordinal), options.LoraRank, options.LoraAlpha, options.Trainer.Seed);

        var trained = adapters?.Parameters(layer => LayerName(maps[network.LanguageModel], layer))
            ?? NamedParameters.Of(network.Projector, maps[network.Projector]).Concat(NamedParameters.Of(network.LanguageModel, maps[network.LanguageModel])).ToDictionary();
        var questions = new TripletQuestions(triplets, new LlavaProcessor(model, config));
        using var task = new InstructionTask(network, trained, questions.Count, questions.Read, questions.FindProblem);
        using var trainer = new Trainer(task, options.Trainer);
        var result = trainer.Run(options.OutputPath, resume, progress, cancellationToken);
        WriteModel(adapters is null
            ? trained.ToDictionary(static pair => pair.Key, static pair => (Func<Tensor>)(() => pair.Value.detach()))
            : adapters.MergedWeights().ToDictionary(weight => LayerName(maps[network.LanguageModel], weight.Path) + ".weight", static weight => weight.Weight));
        return result;
    }

    // The model's folder again, with one file of weights: what reads the original reads the tuned one.
    private void WriteModel(IReadOnlyDictionary<string, Func<Tensor>> tuned)
    {
        Directory.CreateDirectory(ModelPath);
        var source = ModelFolder.Resolve(model.ModelPath);
        foreach (var file in Directory.EnumerateFiles(source).Where(static file => IsSmallPart(Path.GetFileName(file)))) File.Copy(file, Path.Combine(ModelPath, Path.GetFileName(file)), overwrite: true);
        using var original = Checkpoint.Open(model.ModelPath);
        using var checkpoint = new TunedCheckpoint(original, tuned);
        SafetensorsWriter.Write(Path.Combine(ModelPath, "model.safetensors"), checkpoint, original.Metadata);
    }

    private static bool IsSmallPart(string name) =>
        !name.EndsWith(".index.json", StringComparison.Ordinal) && Path.GetExtension(name) is ".json" or ".model" or ".txt" or ".jinja";

    private static string LayerName(WeightMap map, string path) => map.Resolve(path + ".weight").Names[0][..^".weight".Length];
}
