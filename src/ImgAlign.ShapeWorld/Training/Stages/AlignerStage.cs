using System.Globalization;
using ImgAlign.Alignment;
using ImgAlign.Detectors;
using ImgAlign.Networks.Aligner;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.Training;
using ImgAlign.Training.Aligner;
using ImgAlign.Training.Data;
using ImgAlign.Training.Preference;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>An Implicit Aligner, on the base model's preference pairs (IMG, section 3.4): the method's own, or one of its ablations.</summary>
internal sealed class AlignerStage : StageTask
{
    private const int HeldOutPairs = 200;

    private static readonly double[] Scales = [0.5, 1.0, 1.5];
    private static readonly int[] Passes = [1, 3];

    private readonly DeviceRuntime runtime = new(new RuntimeOptions());
    private readonly WorldGenerator generator;
    private readonly IMisalignmentDetector detector;
    private readonly FeatureStore images;
    private readonly FeatureStore hiddenStates;
    private readonly AlignerNetwork network = new(WorldNetworks.Aligner, META);
    private readonly AlignerVariant variant;
    private readonly FrozenFeatures heldOutPairs;
    private readonly string output;

    public AlignerStage(StageContext context, long seed, AlignerVariant variant) : base(context.Folder)
    {
        this.variant = variant;
        output = variant.File(Folder, context.Ablations);
        generator = new WorldGenerator(Folder, withImagePrompt: true);
        detector = variant.OpenDetector(runtime, Folder, context.Ablations);
        images = new FeatureStore(Path.Combine(context.RunFolder, "image-prompts.bin"), WorldNetworks.CrossWidth);
        hiddenStates = new FeatureStore(Path.Combine(context.RunFolder, "hidden-states.bin"), detector.HiddenSize);
        AlignerTask.Randomize(network, seed);
        var pairs = PreferenceFolder.Read(context.RunFolderOf("pairs"));
        Task = new AlignerTask(network, Features([.. pairs.SkipLast(HeldOutPairs)]), variant.Objective);
        heldOutPairs = Features([.. pairs.TakeLast(HeldOutPairs)]);

        FrozenFeatures Features(IReadOnlyList<PreferencePair> some) => new(some, generator.ImagePrompt, detector, images, hiddenStates, variant.Template);
    }

    protected override ITrainingTask Task { get; }

    public override void Dispose()
    {
        base.Dispose();
        network.Dispose();
        images.Dispose();
        hiddenStates.Dispose();
        detector.Dispose();
        generator.Dispose();
        runtime.Dispose();
    }

    internal override void Save() => NetworkFile.Write(output, NetworkFile.Weights(network));

    /// <summary>
    /// How far features are from the preferred picture's, on pairs that are not trained on, before and after one pass. For the method's own aligner also
    /// what a round adds to the share of right pictures, by scale and passes.
    /// </summary>
    protected override IEnumerable<KeyValuePair<string, double>> Measure(bool heldOut)
    {
        using var aligner = new ImplicitAligner(runtime, output);
        if (!heldOut)
        {
            foreach (var metric in Errors(aligner)) yield return metric;
        }
        if (variant.IsAblation) yield break;
        foreach (var metric in Gains(aligner, heldOut)) yield return metric;
    }

    private IEnumerable<KeyValuePair<string, double>> Errors(ImplicitAligner aligner)
    {
        var (before, after) = (0.0, 0.0);
        for (var i = 0; i < heldOutPairs.Count; i++)
        {
            using var scope = NewDisposeScope();
            var pair = heldOutPairs.Read(new SampleDraw(i, i, i));
            var aligned = aligner.Align(pair.HiddenStates.unsqueeze(0), pair.Rejected.unsqueeze(0), passes: 1);
            before += Error(pair.Rejected.unsqueeze(0), pair.Preferred);
            after += Error(aligned, pair.Preferred);
        }
        return [new("error_unaligned", before / heldOutPairs.Count), new("error", after / heldOutPairs.Count)];

        static double Error(Tensor features, Tensor preferred) => PreferenceObjective.MeanSquare(features - preferred).item<float>();
    }

    private Dictionary<string, double> Gains(ImplicitAligner aligner, bool heldOut)
    {
        using var scope = NewDisposeScope();
        var scenes = PromptedScenes.ToMeasure(heldOut);
        var first = scenes.Generate(generator, SamplingOptions.Default);
        var before = scenes.Judge(first).Right;
        var results = new Dictionary<string, double> { ["right"] = before };
        foreach (var passes in Passes)
        {
            var aligned = cat([.. scenes.Prompts.Select((prompt, i) =>
            {
                using var detection = detector.Detect(first[i], Questions.Ask(Questions.Draw(i), prompt));
                using var z = generator.ImagePrompt.Encode([first[i]]);
                return aligner.Align(detection.HiddenStates, z, passes);
            })]);
            foreach (var scale in Scales)
                results[string.Create(CultureInfo.InvariantCulture, $"right_scale_{scale:0.0}_passes_{passes}")] = scenes.Judge(scenes.Generate(generator, SamplingOptions.Default, aligned, scale)).Right;
        }
        results["gain"] = results.Values.Max() - before;
        return results;
    }
}
