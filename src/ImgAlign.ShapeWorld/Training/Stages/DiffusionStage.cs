using ImgAlign.Networks.Layers;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Sampling;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Scenes;
using ImgAlign.Training;
using ImgAlign.Training.Tasks;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>
/// The base model's UNet, on captions of which some are wrong, so that it draws well, and not always what it is told; and, in half of the
/// batches, its image prompt with it. The image prompt is not left to a UNet that is finished, as IP-Adapter has it: this one's text never
/// tells which object is where, so that a finished UNet has not learned to be told. A linear layer, dropped later, has to read off every
/// token of an image prompt what is where: by denoising alone the resampler tells of the objects only.
/// </summary>
internal sealed class DiffusionStage : StageTask
{
    private const double WrongCaptionPart = 0.3;
    private const double WrongCaptionPartBesideImage = 0.5; // the picture is what tells
    private const double LayoutWeight = 0.1;

    private const int Measured = 256; // of 128 prompts the share of right pictures would pass or miss its gate by chance

    private static readonly double[] Scales = [0.5, 1.0, 1.5];

    private readonly FrozenEncoders encoders;
    private readonly UNet2DConditionModel unet = new(WorldNetworks.UNet, META);
    private readonly Resampler resampler = new(WorldNetworks.Resampler, WorldNetworks.ImagePromptTokens, META);
    private readonly ImagePromptAdapter adapter = new(WorldNetworks.UNet, META);
    private readonly CompactLinear layout = new(WorldNetworks.CrossWidth, SceneSlots.Sizes.Sum(), hasBias: true, META); // of training alone

    public DiffusionStage(StageContext context, long seed)
        : base(context)
    {
        encoders = new FrozenEncoders(Folder);
        ParameterInitialization.Randomize(unet, seed);
        ParameterInitialization.Randomize(resampler, SeedSequence.At(seed, 0), deviation: Math.Pow(WorldNetworks.Resampler.Width, -0.5));
        ParameterInitialization.Randomize(adapter, SeedSequence.At(seed, 1));
        ParameterInitialization.Randomize(layout, SeedSequence.At(seed, 2));
        Task = new DiffusionTask(
            unet,
            adapter,
            resampler,
            Endless,
            Read,
            WorldNetworks.Scheduler,
            textDropout: 0.2,
            imageDropout: 0.1,
            snrGamma: 5,
            trainsUNet: true,
            NamedParameters.Of(("layout.", layout))
        );
    }

    protected override ITrainingTask Task { get; }

    public override void Dispose()
    {
        base.Dispose();
        encoders.Dispose();
        unet.Dispose();
        resampler.Dispose();
        adapter.Dispose();
        layout.Dispose();
    }

    internal override void Save()
    {
        NetworkFile.Write(Path.Combine(Folder.UNet, NetworkFile.Diffusers), NetworkFile.Weights(unet));
        NetworkFile.Write(Folder.Resampler, NetworkFile.Weights(resampler));
        NetworkFile.Write(Folder.Adapter, NetworkFile.Weights(adapter));
    }

    /// <summary>How many pictures are right, and what true pictures as image prompts add to that: what an ideal aligner would.</summary>
    protected override IEnumerable<KeyValuePair<string, double>> Measure(SceneGroup group)
    {
        using var models = new StageModels(Folder);
        var scenes = PromptedScenes.ToMeasure(Context.SamplesToMeasure(Measured), group);
        var without = scenes.Judge(models.Generate(scenes.ToItems()));
        var (scale, best) = Scales
            .Select(scale => (scale, With: scenes.Judge(models.Generate(scenes.ToItems(scenes.Images), scale))))
            .MaxBy(static found => found.With.Right);
        return
        [
            .. without.Summarize(),
            .. best.Summarize().Select(static pair => KeyValuePair.Create(pair.Key + "_with_true_images", pair.Value)),
            new("gain", best.Right - without.Right),
            new("scale", scale),
        ];
    }

    private DiffusionBatch Read(IReadOnlyList<SampleDraw> draws)
    {
        var withImages = draws[0].Seed % 2 == 0;
        var batch = encoders.Read(draws, withImages ? WrongCaptionPartBesideImage : WrongCaptionPart, withImages);
        return batch with { AuxiliaryLoss = tokens => LayoutLoss(tokens, draws).Times(LayoutWeight) };
    }

    private Tensor LayoutLoss(Tensor tokens, IReadOnlyList<SampleDraw> draws)
    {
        var labels = draws.SelectMany(draw =>
            Enumerable.Repeat(SceneSlots.Picture(SceneSample.Draw(draw.Seed).Scene), WorldNetworks.ImagePromptTokens)
        );
        return SceneSlots.Loss(layout, tokens.flatten(0, 1), [.. labels]);
    }
}
