using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Layers;
using ImgAlign.Sampling;
using ImgAlign.ShapeWorld.Language;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Scenes;
using ImgAlign.Tokenizers;
using ImgAlign.Training;
using ImgAlign.Training.Tasks;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>
/// Image and text towers by contrast, as CLIP is trained, the text by nothing else: every picture is to find its caption among those of the
/// other pictures. What that teaches is which objects a caption names, and hardly which of them is where.
/// </summary>
internal abstract class EncoderStage : StageTask
{
    private const int Measured = 1600; // chance is told from what is a little above or below it
    private const long WordingSeed = 0x30D5; // of the captions that are compared
    private const double FirstTextScale = 20; // of cosines; CLIP begins with 14

    private readonly ClipTokenizer tokenizer;
    private readonly CompactLinear? firstProjection; // of training alone: SDXL's first text encoder is published without
    private readonly CompactLinear? layout; // of training alone

    /// <summary>Makes the networks.</summary>
    /// <param name="context">Where.</param>
    /// <param name="seed">The seed of the weights.</param>
    /// <param name="forDiffusion">Whether SDXL reads by them. Its first text encoder is trained beside the towers, by the same
    /// contrast; and a linear layer, dropped later, has to read off the mean of a picture's patches what is where in it. The patches of
    /// published image encoders tell such things; contrast alone leaves little of them in the patches of this small one.</param>
    protected EncoderStage(StageContext context, long seed, bool forDiffusion)
        : base(context)
    {
        tokenizer = ClipTokenizer.Load(Folder.Tokenizer);
        var beside = NamedParameters.Of();
        if (forDiffusion)
        {
            FirstText = new ClipTextModel(WorldNetworks.TextEncoder, META);
            firstProjection = new CompactLinear(
                WorldNetworks.TextEncoder.HiddenSize,
                WorldNetworks.ImageEncoder.ProjectionDim,
                hasBias: false,
                META
            );
            layout = new CompactLinear(WorldNetworks.ImageEncoder.HiddenSize, SceneSlots.Sizes.Sum(), hasBias: true, META);
        }
        foreach (var (index, network) in Networks().Index())
            ParameterInitialization.Randomize(network, SeedSequence.At(seed, index));
        if (forDiffusion)
            beside = NamedParameters.Of(("first_text.", FirstText!), ("first_projection.", firstProjection!), ("layout.", layout!));
        Task = new ContrastiveTask(Text, Vision, Endless, Read, beside);
    }

    protected override ITrainingTask Task { get; }

    /// <summary>The image tower.</summary>
    protected ClipVisionModel Vision { get; } = new(WorldNetworks.ImageEncoder, META);

    /// <summary>The text tower; SDXL's second text encoder.</summary>
    protected ClipTextModel Text { get; } = new(WorldNetworks.TextEncoder2, META);

    /// <summary>SDXL's first text encoder, or null.</summary>
    protected ClipTextModel? FirstText { get; }

    public override void Dispose()
    {
        base.Dispose();
        foreach (var network in Networks())
            network.Dispose();
    }

    /// <summary>
    /// How often a picture's own caption is preferred to one with one attribute wrong, with the objects in each other's places, with the
    /// other axis, and, where both colours and shapes differ, with the colours exchanged. Where the image prompt reads by them: also of how many pictures the patches tell all
    /// that is where.
    /// </summary>
    protected override IEnumerable<KeyValuePair<string, double>> Measure(SceneGroup group)
    {
        using var scope = NewDisposeScope();
        var samples = SceneSample.ToMeasure(Context.SamplesToMeasure(Measured), group);
        var seen = Vision.call(PictureTensors.ForClip([.. samples.Select(static sample => sample.Image)]));
        var images = seen.Pooled!; // [B, p]
        var right = Similarity(images, DescribeAlike(samples.Select(static sample => sample.Scene)));
        List<KeyValuePair<string, double>> found =
        [
            RightOver("wrong", static sample => CaptionNoise.ChangeAttribute(sample.Scene, sample.Random)),
            RightOver("exchanged", static sample => sample.Scene.Flipped),
            RightOver("turned", static sample => sample.Scene with { IsVertical = !sample.Scene.IsVertical }),
            RightOver("recolored", static sample => sample.Scene.Recolored, static sample => sample.Scene.HasTwoColorsAndShapes),
        ];
        if (layout is not null)
            found.Add(new("layouts_read", SceneSlots.ReadShare(layout, PatchMean(seen), Shown(samples))));
        return found;

        KeyValuePair<string, double> RightOver(string name, Func<SceneSample, Scene> wrong, Func<SceneSample, bool>? counts = null)
        {
            var isPreferred = right.gt(Similarity(images, DescribeAlike(samples.Select(wrong)))).data<bool>().ToArray();
            return new(
                "right_over_" + name,
                isPreferred.Zip(samples).Where(pair => counts?.Invoke(pair.Second) ?? true).Average(static pair => pair.First ? 1.0 : 0)
            );
        }
    }

    private ContrastiveBatch Read(IReadOnlyList<SampleDraw> draws)
    {
        var samples = draws.Select(static draw => SceneSample.Draw(draw.Seed)).ToList();
        var ids = Tokenize(samples.Select(static sample => Captions.Write(sample.Scene, sample.Random)));
        return new ContrastiveBatch(PictureTensors.ForClip([.. samples.Select(static sample => sample.Image)]), ids)
        {
            AuxiliaryLoss = FirstText is null
                ? null
                : (image, _) =>
                    ContrastiveTask
                        .Contrast(image.Pooled!, firstProjection!.call(FirstText.call(ids).Pooled!), FirstTextScale)
                        .Plus(SceneSlots.Loss(layout!, PatchMean(image), Shown(samples))),
        };
    }

    private static IReadOnlyList<long[]> Shown(IEnumerable<SceneSample> samples) =>
        [.. samples.Select(static sample => SceneSlots.Picture(sample.Scene))];

    // Of what the image prompt is given, without the class token: [B, w].
    private static Tensor PatchMean(ClipOutput image) => image.Penultimate[.., 1..].mean([1]);

    private Tensor Similarity(Tensor images, Tensor ids) => nn.functional.cosine_similarity(images, Text.call(ids).Pooled!, dim: -1);

    // In the same words for right and wrong ones: other words would bring every preference nearer to chance.
    private Tensor DescribeAlike(IEnumerable<Scene> scenes) =>
        Tokenize(scenes.Select(static (scene, index) => Captions.Write(scene, new SceneRandom(WordingSeed, index))));

    private Tensor Tokenize(IEnumerable<string> captions) => CaptionTokens.Of(tokenizer, [.. captions]).Ids;

    private IEnumerable<nn.Module> Networks() => FirstText is null ? [Vision, Text] : [Vision, Text, FirstText, firstProjection!, layout!];
}
