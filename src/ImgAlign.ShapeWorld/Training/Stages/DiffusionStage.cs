using ImgAlign.Networks.Sdxl;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.Training;
using ImgAlign.Training.Tasks;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>The base model's UNet, on captions of which some are wrong: it draws well, and not always what it is told.</summary>
internal sealed class DiffusionStage : StageTask
{
    private readonly FrozenEncoders encoders;
    private readonly UNet2DConditionModel network = new(WorldNetworks.UNet, META);

    public DiffusionStage(WorldFolder folder, long seed, double captionNoise)
        : base(folder)
    {
        encoders = new FrozenEncoders(folder);
        ParameterInitialization.Randomize(network, seed);
        Task = new DiffusionTask(
            network,
            Endless,
            draws => encoders.Read(draws, captionNoise, withImages: false),
            WorldNetworks.Scheduler,
            textDropout: 0.1,
            snrGamma: 5
        );
    }

    protected override ITrainingTask Task { get; }

    public override void Dispose()
    {
        base.Dispose();
        encoders.Dispose();
        network.Dispose();
    }

    internal override void Save() => NetworkFile.Write(Path.Combine(Folder.UNet, NetworkFile.Diffusers), NetworkFile.Weights(network));

    protected override IEnumerable<KeyValuePair<string, double>> Measure(bool heldOut)
    {
        using var models = new StageModels(Folder, withImagePrompt: false);
        var scenes = PromptedScenes.ToMeasure(heldOut);
        return scenes.Judge(models.Generate(scenes.ToItems())).Summarize();
    }
}
