using ImgAlign.Imaging;
using ImgAlign.Networks.Vae;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Scenes;
using ImgAlign.Training;
using ImgAlign.Training.Tasks;
using static TorchSharp.torch;

namespace ImgAlign.ShapeWorld.Training.Stages;

/// <summary>The autoencoder, on pictures alone.</summary>
internal sealed class AutoencoderStage : StageTask
{
    private const int Measured = 250;

    private readonly AutoencoderKl network = new(WorldNetworks.Autoencoder, META);

    public AutoencoderStage(StageContext context, long seed)
        : base(context)
    {
        ParameterInitialization.Randomize(network, seed);
        Task = new AutoencoderTask(
            network,
            Endless,
            static samples => PictureTensors.ForAutoencoder([.. samples.Select(static sample => SceneSample.Draw(sample.Seed).Image)])
        );
    }

    protected override ITrainingTask Task { get; }

    public override void Dispose()
    {
        base.Dispose();
        network.Dispose();
    }

    internal override void Save()
    {
        using var scope = NewDisposeScope();
        var weights = NetworkFile.Weights(network).ToDictionary(static pair => pair.Key, static pair => pair.Value.clone());
        var pictures = PictureTensors.ForAutoencoder([
            .. Enumerable.Range(0, Measured).Select(static seed => SceneSample.Draw(seed).Image),
        ]);
        LatentNormalization.Apply(weights, network.Encode(pictures).Mean);
        NetworkFile.Write(Path.Combine(Folder.Autoencoder, NetworkFile.Diffusers), weights);
    }

    /// <summary>The share of pictures that are still right after the autoencoder, and the peak signal to noise ratio in dB.</summary>
    protected override IEnumerable<KeyValuePair<string, double>> Measure(SceneGroup group)
    {
        using var scope = NewDisposeScope();
        using var saved = NetworkFile.Read(new AutoencoderKl(WorldNetworks.Autoencoder, META), Folder.Autoencoder);
        var samples = SceneSample.ToMeasure(Context.SamplesToMeasure(Measured), group);
        var pictures = PictureTensors.ForAutoencoder([.. samples.Select(static sample => sample.Image)]);
        var reconstructed = saved.Decode(saved.Encode(pictures).Mean);
        var judgements = samples.Zip(
            DecodedImages.ToImages(reconstructed),
            static (sample, image) => SceneEvaluator.Judge(image, sample.Scene)
        );
        var error = (reconstructed - pictures).DividedBy(2).Squared().mean().item<float>();
        return [new("right", judgements.Average(static judgement => judgement.IsRight ? 1.0 : 0)), new("psnr", -10 * Math.Log10(error))];
    }
}
