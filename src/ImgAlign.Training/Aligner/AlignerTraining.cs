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
    private readonly FrozenFeatures features;

    private AlignerTraining(
        DeviceRuntime runtime,
        FrozenModels models,
        AlignerTrainingOptions options,
        FrozenFeatures features,
        IProcessGroup? group
    )
        : base(runtime, options, features.Count - features.HeldOut, group)
    {
        this.runtime = runtime;
        this.models = models;
        this.options = options;
        this.features = features;
    }

    /// <summary>The number of pairs that are trained on; ties and what cannot be used are left out.</summary>
    public int PairCount => features.Count - features.HeldOut;

    /// <inheritdoc/>
    public override string Description =>
        $"{PairCount} pairs"
        + (features.HeldOut > 0 ? $", {features.HeldOut} held out" : "")
        + (features.LeftOut is [var first, ..] ? $"; {features.LeftOut.Count} were left out, the first: {first}" : "");

    /// <inheritdoc/>
    public override string ResultPath => options.OutputPath;

    /// <summary>Opens the features of all pairs; where the data are pairs, what is missing is computed into the cache first.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="models">The frozen networks; borrowed.</param>
    /// <param name="options">The data, and how the aligner is trained.</param>
    /// <param name="progress">Receives how many shards of features are there.</param>
    /// <param name="group">The processes that share every batch, each with its own device; null: this one alone. The first one computes what
    /// is missing.</param>
    /// <param name="cancellationToken">Ends the computation; shards that are whole stay.</param>
    /// <exception cref="ImgAlignException">An option is out of its range, or the data are missing or broken.</exception>
    public static async Task<AlignerTraining> OpenAsync(
        DeviceRuntime runtime,
        FrozenModels models,
        AlignerTrainingOptions options,
        IProgress<FeatureProgress>? progress = null,
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
                var pairs = await OpenAsync(options.DataPath, "pairs");
                var heldOut = options.EvaluationPath is { } path
                    ? await OpenAsync(path, "evaluation-pairs", options.EvaluationSamples)
                    : null;
                var features = new FrozenFeatures(models, pairs, heldOut, options.EvaluationSamples);
                return new AlignerTraining(runtime, models, options, features, group);
            }
        );

        async Task<FeatureFolder> OpenAsync(string data, string name, int? limit = null)
        {
            if (FeatureFolder.IsAt(data))
            {
                var made = FeatureFolder.Open(data);
                made.Require(models, options.KeepHiddenStates);
                return made;
            }
            var folder = FeatureFolder.BeginInCache(
                options.Cache,
                name,
                data,
                models,
                options.KeepHiddenStates,
                options.PairsPerShard,
                limit ?? long.MaxValue
            );
            await runtime.RunAsync(
                () =>
                {
                    if (limit is { } usable)
                        folder.MakeFirst(usable, models, progress, cancellationToken);
                    else
                        folder.MakeMissing(models, progress, cancellationToken);
                },
                cancellationToken
            );
            return folder;
        }
    }

    private protected override TrainingResult Run(Loop train)
    {
        using var shards = features;
        using var network = CreateNetwork();
        using var task = new AlignerTask(network, features, options.Objective, options.UpdateAfter, features.HeldOut)
        {
            Origin = new AlignerOrigin(models.Tokens, models.Detector.Name),
        };
        return train(task);
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
