using System.Globalization;
using ImgAlign.Alignment;
using ImgAlign.Networks.Aligner;
using ImgAlign.ShapeWorld.Models;
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

    private static readonly double[] Scales = [0.5, 1.0, 1.5];
    private static readonly int[] Passes = [1, 3];

    private readonly StageModels models;
    private readonly IMisalignmentDetector detector;
    private readonly FeatureStore images;
    private readonly FeatureStore hiddenStates;
    private readonly AlignerNetwork network = new(WorldNetworks.Aligner, META);
    private readonly AlignerVariant variant;
    private readonly string output;

    public AlignerStage(StageContext context, long seed, AlignerVariant variant)
        : base(context.Folder)
    {
        this.variant = variant;
        output = variant.File(Folder, context.Ablations);
        models = new StageModels(Folder, withImagePrompt: true);
        detector = variant.OpenDetector(models.Runtime, Folder, context.Ablations);
        images = new FeatureStore(
            Path.Combine(context.RunFolder, "image-prompts.bin"),
            WorldNetworks.CrossWidth,
            ModelFingerprint.Of(Folder.ImageEncoder, Folder.Resampler)
        );
        hiddenStates = new FeatureStore(
            Path.Combine(context.RunFolder, "hidden-states.bin"),
            detector.HiddenSize,
            ModelFingerprint.Of(variant.DetectorFiles(Folder, context.Ablations))
        );
        AlignerTask.Randomize(network, seed);
        var pairs = PreferenceFolder.Read(context.RunFolderOf("pairs"));
        Task = new AlignerTask(
            network,
            new FrozenFeatures(pairs, models.Backbone.ImagePrompt!, detector, images, hiddenStates, variant.Template),
            variant.Objective,
            heldOut: HeldOutPairs
        );
    }

    protected override ITrainingTask Task { get; }

    public override void Dispose()
    {
        base.Dispose();
        network.Dispose();
        images.Dispose();
        hiddenStates.Dispose();
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
    protected override IEnumerable<KeyValuePair<string, double>> Measure(bool heldOut)
    {
        if (!heldOut)
        {
            foreach (var metric in Task.Evaluate(CancellationToken.None))
                yield return metric;
        }
        if (variant.IsAblation)
            yield break;
        foreach (var metric in Gains(heldOut))
            yield return metric;
    }

    private Dictionary<string, double> Gains(bool heldOut)
    {
        using var aligner = new ImplicitAligner(models.Runtime, output);
        var scenes = PromptedScenes.ToMeasure(heldOut);
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
