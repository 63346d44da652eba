using System.Globalization;
using ImgAlign.Alignment;
using ImgAlign.Checkpoints;
using ImgAlign.Networks.Aligner;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Runtime;
using ImgAlign.Training.Data;
using ImgAlign.Training.Parallel;
using static TorchSharp.torch;

namespace ImgAlign.Training.Aligner;

/// <summary>The training of an Implicit Aligner from preference pairs on disk to a checkpoint that <c>imgalign align</c> takes.</summary>
public sealed class AlignerTraining : TrainingRun
{
    private readonly DeviceRuntime runtime;
    private readonly FrozenModels models;
    private readonly AlignerTrainingOptions options;
    private readonly IReadOnlyList<PreferencePair> pairs; // those that are held out come last
    private readonly int heldOut;

    private AlignerTraining(
        DeviceRuntime runtime,
        FrozenModels models,
        AlignerTrainingOptions options,
        IReadOnlyList<PreferencePair> pairs,
        int heldOut,
        IProcessGroup? group
    )
        : base(runtime, options, pairs.Count - heldOut, group)
    {
        this.runtime = runtime;
        this.models = models;
        this.options = options;
        this.pairs = pairs;
        this.heldOut = heldOut;
    }

    /// <summary>The number of pairs that are trained on, ties left out.</summary>
    public int PairCount => pairs.Count - heldOut;

    /// <inheritdoc/>
    public override string Description => $"{PairCount} pairs{(heldOut > 0 ? $", {heldOut} held out" : "")}; {CacheSize}";

    /// <inheritdoc/>
    public override string ResultPath => options.OutputPath;

    /// <summary>What the features that are kept on disk will take at most, in words.</summary>
    public string CacheSize
    {
        get
        {
            var prompts =
                pairs.SelectMany(static pair => new[] { pair.Preferred, pair.Rejected }).Distinct().Count()
                * (long)models.Tokens
                * models.TokenWidth
                * sizeof(float);
            var text = string.Create(
                CultureInfo.InvariantCulture,
                $"image-prompt features: {models.Tokens} x {models.TokenWidth} a picture, {prompts / 1e6:0.0} MB in all"
            );
            if (!options.KeepHiddenStates)
                return text;
            return string.Create(
                CultureInfo.InvariantCulture,
                $"{text}; hidden states: {models.Detector.HiddenSize} a token, "
                    + $"{pairs.Count * 640L * models.Detector.HiddenSize * sizeof(float) / 1e6:0.0} MB at 640 tokens a pair"
            );
        }
    }

    /// <summary>Reads the lists of pairs; Parquet is taken apart into the cache first.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="models">The frozen networks; borrowed.</param>
    /// <param name="options">The data, and how the aligner is trained.</param>
    /// <param name="imported">Is told how many rows of Parquet are done.</param>
    /// <param name="group">The processes that share every batch, each with its own device; null: this one alone.</param>
    /// <param name="cancellationToken">Ends the reading of Parquet; what is there is not read again.</param>
    /// <exception cref="ImgAlignException">An option is out of its range, or the data are missing or broken.</exception>
    public static async Task<AlignerTraining> OpenAsync(
        DeviceRuntime runtime,
        FrozenModels models,
        AlignerTrainingOptions options,
        IProgress<long>? imported = null,
        IProcessGroup? group = null,
        CancellationToken cancellationToken = default
    )
    {
        ArgumentNullException.ThrowIfNull(runtime);
        ArgumentNullException.ThrowIfNull(models);
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        return await ReadInTurnAsync(
            group,
            async () =>
            {
                var pairs = await ReadAsync(options.DataPath, "pairs");
                var heldOut = options.EvaluationPath is { } path
                    ? (await ReadAsync(path, "evaluation-pairs")).Take(options.EvaluationSamples).ToList()
                    : [];
                return new AlignerTraining(runtime, models, options, [.. pairs, .. heldOut], heldOut.Count, group);
            }
        );

        async Task<IReadOnlyList<PreferencePair>> ReadAsync(string source, string cache)
        {
            if (File.Exists(Path.Combine(source, PreferenceFolder.FileName)))
                return PreferenceFolder.Read(source);
            var folder = Path.Combine(options.Cache, cache);
            await PickAPic.ImportAsync(source, folder, imported, cancellationToken);
            return PreferenceFolder.Read(folder);
        }
    }

    private protected override TrainingResult Run(Loop train)
    {
        using var images = OpenStore("image-prompts", models.ImagePromptFingerprint, models.TokenWidth);
        using var hiddenStates = options.KeepHiddenStates
            ? OpenStore("hidden-states", models.DetectorFingerprint, models.Detector.HiddenSize)
            : null;
        var features = new FrozenFeatures(pairs, models.ImagePrompt, models.Detector, images, hiddenStates);
        using var network = CreateNetwork();
        using var task = new AlignerTask(network, features, options.Objective, options.UpdateAfter, heldOut)
        {
            Origin = new AlignerOrigin(models.Tokens, models.Detector.Name),
        };
        return train(task);
    }

    // A store has one process that writes.
    private FeatureStore OpenStore(string name, string networks, int width)
    {
        var fingerprint = $"{networks}-{runtime.Type}";
        var process = Rank == 0 ? "" : $"-process-{Rank}";
        return new FeatureStore(Path.Combine(options.Cache, $"{name}-{fingerprint}{process}.bin"), width, fingerprint);
    }

    private AlignerNetwork CreateNetwork()
    {
        var config = new PerceiverConfig(
            models.Detector.HiddenSize,
            models.TokenWidth,
            models.TokenWidth,
            options.Depth,
            options.Heads,
            options.HeadWidth,
            (long)models.TokenWidth * options.FeedForwardFactor
        );
        var network = new AlignerNetwork(config, META) { RecomputesActivations = options.CheckpointGradients };
        if (options.InitialPath is not { } path)
        {
            AlignerTask.Randomize(network, options.Trainer.Seed, runtime.Device, runtime.Type);
            return network;
        }
        using var checkpoint = Checkpoint.Open(path);
        using var mapped = AlignerNetwork.FromShapes(checkpoint, options.HeadWidth);
        if (mapped.Config != config)
            throw new ImgAlignException($"{path}: this aligner has the sizes {mapped.Config}, but {config} are asked for.");
        CheckpointBinder.Bind(network, checkpoint, AlignerNetwork.Names(checkpoint), runtime.Type, runtime.Device);
        AlignerTask.Own(network);
        return network;
    }
}
