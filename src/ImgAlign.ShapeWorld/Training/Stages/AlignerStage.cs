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

/// <summary>The Implicit Aligner, on the base model's preference pairs (IMG, section 3.4).</summary>
internal sealed class AlignerStage : StageTask
{
    private static readonly double[] Scales = [0.2, 0.6, 1.0];

    private readonly DeviceRuntime runtime = new(new RuntimeOptions());
    private readonly WorldGenerator generator;
    private readonly LlavaDetector detector;
    private readonly FeatureStore images;
    private readonly FeatureStore hiddenStates;
    private readonly AlignerNetwork network = new(WorldNetworks.Aligner, META);

    public AlignerStage(StageContext context, long seed) : base(context.Folder)
    {
        generator = new WorldGenerator(Folder, withImagePrompt: true);
        detector = new LlavaDetector(runtime, Folder.DetectorOptions());
        images = new FeatureStore(Path.Combine(context.RunFolder, "image-prompts.bin"), WorldNetworks.CrossWidth);
        hiddenStates = new FeatureStore(Path.Combine(context.RunFolder, "hidden-states.bin"), WorldNetworks.LanguageModel.HiddenSize);
        AlignerTask.Randomize(network, seed);
        var pairs = PreferenceFolder.Read(context.RunFolderOf("pairs"));
        Task = new AlignerTask(network, new FrozenFeatures(pairs, generator.ImagePrompt, detector, images, hiddenStates), new PreferenceObjective());
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

    internal override void Save() => NetworkFile.Write(Folder.Aligner, NetworkFile.Weights(network));

    /// <summary>What one round adds to the share of right pictures, at the best of some scales.</summary>
    protected override IEnumerable<KeyValuePair<string, double>> Measure(bool heldOut)
    {
        using var scope = NewDisposeScope();
        using var aligner = new ImplicitAligner(runtime, Folder.Aligner);
        var scenes = PromptedScenes.ToMeasure(heldOut);
        var first = scenes.Generate(generator, SamplingOptions.Default);
        var before = scenes.Judge(first).Right;
        var aligned = cat([.. scenes.Prompts.Select((prompt, i) =>
        {
            using var detection = detector.Detect(first[i], Questions.Ask(Questions.Draw(i), prompt));
            using var z = generator.ImagePrompt.Encode([first[i]]);
            return aligner.Align(detection.HiddenStates, z);
        })]);
        var (scale, after) = Scales
            .Select(scale => (scale, scenes.Judge(scenes.Generate(generator, SamplingOptions.Default, aligned, scale)).Right))
            .MaxBy(static found => found.Right);
        return [new("right", before), new("right_aligned", after), new("gain", after - before), new("scale", scale)];
    }
}
