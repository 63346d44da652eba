using ImgAlign.Networks.Clip;
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
/// Image and text towers by contrast, with two wrong captions for every picture: one with another thing wrong each time, and one with the
/// objects in each other's places, which is the hardest to tell. <see cref="SceneHeads"/> ask single tokens, too.
/// </summary>
internal abstract class EncoderStage : StageTask
{
    private const int Measured = 400;

    private readonly ClipTokenizer tokenizer;
    private readonly SceneHeads heads;

    /// <summary>Makes the networks.</summary>
    /// <param name="folder">The world's folder.</param>
    /// <param name="seed">The seed of the weights.</param>
    /// <param name="hasFirstText">Whether SDXL's first text encoder is trained beside the towers.</param>
    protected EncoderStage(WorldFolder folder, long seed, bool hasFirstText)
        : base(folder)
    {
        tokenizer = ClipTokenizer.Load(folder.Tokenizer);
        FirstText = hasFirstText ? new ClipTextModel(WorldNetworks.TextEncoder, META) : null;
        heads = new SceneHeads(WorldNetworks.TextEncoder2.HiddenSize + (hasFirstText ? WorldNetworks.TextEncoder.HiddenSize : 0));
        foreach (var (index, network) in Networks().Index())
            ParameterInitialization.Randomize(network, SeedSequence.At(seed, index));
        var beside = FirstText is null
            ? NamedParameters.Of(("heads.", heads))
            : NamedParameters.Of(("heads.", heads), ("first_text.", FirstText));
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

    /// <summary>How often a picture's own caption is preferred to a wrong one, and how often a caption is understood.</summary>
    protected override IEnumerable<KeyValuePair<string, double>> Measure(bool heldOut)
    {
        using var scope = NewDisposeScope();
        var samples = SceneSample.ToMeasure(Measured, heldOut);
        var (right, wrong) = (Describe(samples, static sample => [sample.Scene]), Describe(samples, WrongScenes));
        var images = Direction(Vision.call(PictureTensors.ForClip([.. samples.Select(static sample => sample.Image)])).Pooled!); // [B, p]
        var text = Text.call(right.Ids);
        var similarity = (images * Direction(text.Pooled!)).sum(-1); // [B]
        var wrongSimilarity = (images.unsqueeze(1) * Direction(Text.call(wrong.Ids).Pooled!).view(Measured, 2, -1)).sum(-1); // [B, 2]
        var preferred = similarity.unsqueeze(1).gt(wrongSimilarity).to(float32).mean([0]).data<float>().ToArray();
        var read = heads.ReadsScenes(TextStates(right.Ids, text), right, [.. samples.Select(static sample => sample.Scene)]);
        return
        [
            new("right_over_wrong", preferred[0]),
            new("right_over_exchanged", preferred[1]),
            new("captions_read", read.Average(static isRead => isRead ? 1.0 : 0)),
        ];
    }

    private ContrastiveBatch Read(IReadOnlyList<SampleDraw> draws)
    {
        var samples = draws.Select(static draw => SceneSample.Draw(draw.Seed)).ToList();
        var (right, wrong) = (Describe(samples, static sample => [sample.Scene]), Describe(samples, WrongScenes));
        return new ContrastiveBatch(PictureTensors.ForClip([.. samples.Select(static sample => sample.Image)]), right.Ids, wrong.Ids)
        {
            AuxiliaryLoss = (image, text) =>
                heads
                    .ImageLoss(image.Penultimate, samples)
                    .Plus(heads.TextLoss(TextStates(right.Ids, text), right, [.. samples.Select(static sample => sample.Scene)])),
        };
    }

    // What SDXL's UNet reads of captions: the hidden states of all text encoders before their last blocks, side by side, [B, N, w].
    private Tensor TextStates(Tensor ids, ClipOutput text) =>
        FirstText is null ? text.Penultimate : cat([FirstText.call(ids).Penultimate, text.Penultimate], -1);

    private CaptionTokens Describe(IEnumerable<SceneSample> samples, Func<SceneSample, IEnumerable<Scene>> scenes) =>
        CaptionTokens.Of(
            tokenizer,
            [.. samples.SelectMany(sample => scenes(sample).Select(scene => Captions.Write(scene, sample.Random)))]
        );

    private static IEnumerable<Scene> WrongScenes(SceneSample sample) =>
        [CaptionNoise.Change(sample.Scene, sample.Random), sample.Scene.Flipped];

    private static Tensor Direction(Tensor embeddings) => nn.functional.normalize(embeddings, dim: -1);

    private IEnumerable<nn.Module> Networks() => FirstText is null ? [Vision, Text, heads] : [Vision, Text, heads, FirstText];
}
