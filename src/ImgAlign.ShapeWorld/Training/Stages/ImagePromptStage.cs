using ImgAlign.Networks.Sdxl;
using ImgAlign.Sampling;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.Training;
using ImgAlign.Training.Tasks;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>
/// The image prompt, resampler and keys and values, with the UNet as it is (IP-Adapter). Captions are often wrong or absent here, so that
/// the picture is what tells, and high noise weighs more than details, because there it is decided what a picture shows.
/// </summary>
internal sealed class ImagePromptStage : StageTask
{
    private const double CaptionNoise = 0.5;

    private static readonly double[] Scales = [0.5, 1.0, 1.5];

    private readonly FrozenEncoders encoders;
    private readonly UNet2DConditionModel unet;
    private readonly Resampler resampler = new(WorldNetworks.Resampler, WorldNetworks.ImagePromptTokens, META);
    private readonly ImagePromptAdapter adapter = new(WorldNetworks.UNet, META);

    public ImagePromptStage(WorldFolder folder, long seed)
        : base(folder)
    {
        encoders = new FrozenEncoders(folder);
        unet = NetworkFile.Read(new UNet2DConditionModel(WorldNetworks.UNet, META), folder.UNet);
        ParameterInitialization.Randomize(resampler, seed, deviation: Math.Pow(WorldNetworks.Resampler.Width, -0.5));
        ParameterInitialization.Randomize(adapter, SeedSequence.At(seed, 0));
        adapter.StartFromText(unet);
        Task = new DiffusionTask(
            unet,
            adapter,
            resampler,
            Endless,
            draws => encoders.Read(draws, CaptionNoise, withImages: true),
            WorldNetworks.Scheduler,
            textDropout: 0.3,
            imageDropout: 0.1,
            snrGamma: 0.2
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
    }

    internal override void Save()
    {
        NetworkFile.Write(Folder.Resampler, NetworkFile.Weights(resampler));
        NetworkFile.Write(Folder.Adapter, NetworkFile.Weights(adapter));
    }

    /// <summary>What true pictures as image prompts add to the share of right pictures: what an ideal aligner would.</summary>
    protected override IEnumerable<KeyValuePair<string, double>> Measure(bool heldOut)
    {
        using var models = new StageModels(Folder, withImagePrompt: true);
        var scenes = PromptedScenes.ToMeasure(heldOut);
        var without = scenes.Judge(models.Generate(scenes.ToItems())).Right;
        var (scale, best) = Scales
            .Select(scale => (scale, scenes.Judge(models.Generate(scenes.ToItems(scenes.Images), scale)).Right))
            .MaxBy(static found => found.Right);
        return [new("right", without), new("right_with_true_images", best), new("gain", best - without), new("scale", scale)];
    }
}
