using System.Globalization;
using ImgAlign.Alignment;
using ImgAlign.Networks.Aligner;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Scenes;
using ImgAlign.Training;
using ImgAlign.Training.Aligner;
using ImgAlign.Training.Data;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>An Implicit Aligner, on the base model's preference pairs (IMG, section 3.4): the method's own, or one of its
/// ablations.</summary>
internal sealed class AlignerStage : StageTask
{
    private const int HeldOutPairs = 200;
    private const int Measured = 128;

    private static readonly double[] Scales = [0.5, 1.0, 1.5];
    private static readonly int[] Passes = [1, 3];

    private readonly StageModels models;
    private readonly IMisalignmentDetector detector;
    private readonly FrozenFeatures features;
    private readonly AlignerNetwork network = new(WorldNetworks.Aligner, META);
    private readonly AlignerVariant variant;
    private readonly string output;

    public AlignerStage(StageContext context, long seed, AlignerVariant variant)
        : base(context)
    {
        this.variant = variant;
        output = variant.File(Folder, context.Ablations);
        models = new StageModels(Folder);
        detector = variant.OpenDetector(models.Runtime, Folder, context.Ablations);
        features = MakeFeatures(context);
        AlignerTask.Randomize(network, seed);
        Task = new AlignerTask(network, features, variant.Objective, heldOut: HeldOutPairs);
    }

    protected override ITrainingTask Task { get; }

    public override void Dispose()
    {
        base.Dispose();
        network.Dispose();
        features.Dispose();
        detector.Dispose();
        models.Dispose();
    }

    internal override void Save() =>
        NetworkFile.Write(
            output,
            NetworkFile.Weights(network),
            new AlignerOrigin(models.Backbone.Info.ImagePromptTokens, detector.Name).ToMetadata()
        );

    /// <summary>
    /// The task's own measurements, on pairs that are not trained on, and for the method's own aligner also what a round adds to the share
    /// of right pictures, by scale and passes.
    /// </summary>
    protected override IEnumerable<KeyValuePair<string, double>> Measure(SceneGroup group)
    {
        if (group == SceneGroup.Trained)
        {
            foreach (var metric in Task.Evaluate(CancellationToken.None))
                yield return metric;
        }
        if (variant.IsAblation)
            yield break;
        foreach (var metric in Gains(group))
            yield return metric;
    }

    private FrozenFeatures MakeFeatures(StageContext context)
    {
        var frozen = new FrozenModels(
            models.Backbone.ImagePrompt!,
            detector,
            models.Backbone.Info.ImagePromptTokens,
            WorldNetworks.CrossWidth,
            ModelFingerprint.Of(Folder.ImageEncoder, Folder.Resampler),
            ModelFingerprint.Of(variant.DetectorFiles(Folder, context.Ablations)),
            variant.Template
        );
        var folder = FeatureFolder.BeginInCache(
            context.RunFolder,
            "features",
            context.RunFolderOf("pairs"),
            frozen,
            keepHiddenStates: true
        );
        folder.MakeMissing(frozen, cancellationToken: context.CancellationToken);
        return new FrozenFeatures(frozen, folder);
    }

    private Dictionary<string, double> Gains(SceneGroup group)
    {
        using var aligner = new ImplicitAligner(models.Runtime, output);
        var scenes = PromptedScenes.ToMeasure(Context.SamplesToMeasure(Measured), group);
        var first = models.Generate(scenes.ToItems());
        var before = scenes.Judge(first).Right;
        var results = new Dictionary<string, double> { ["right"] = before };
        foreach (var (passes, scale) in Passes.SelectMany(static passes => Scales.Select(scale => (passes, scale))))
        {
            var aligned = models.Align(scenes.ToItems(first), detector, aligner, scale, passes);
            results[string.Create(CultureInfo.InvariantCulture, $"right_scale_{scale:0.0}_passes_{passes}")] = scenes.Judge(aligned).Right;
        }
        results["gain"] = results.Values.Max() - before;
        return results;
    }
}
