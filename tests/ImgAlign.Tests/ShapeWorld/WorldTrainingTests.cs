using ImgAlign.Networks.Vae;
using ImgAlign.Runtime;
using ImgAlign.ShapeWorld.Models;
using ImgAlign.ShapeWorld.Scenes;
using ImgAlign.ShapeWorld.Training;
using ImgAlign.ShapeWorld.Training.Stages;
using ImgAlign.Tests.Checkpoints;
using ImgAlign.Training;
using static TorchSharp.torch;

namespace ImgAlign.Tests.ShapeWorld;

/// <summary>The stages of the world's training, a few steps each: losses fall, weights are left in layouts that the library reads, gates
/// hold.</summary>
public sealed class WorldTrainingTests : IDisposable
{
    private readonly TemporaryFolder temporary = new();

    public void Dispose() => temporary.Dispose();

    [Fact]
    public async Task Every_stage_learns_from_what_the_ones_before_it_left()
    {
        using var runtime = new DeviceRuntime(new RuntimeOptions { Threads = 1 });
        var folder = new WorldFolder(temporary.Path);
        folder.WriteConfigurations();
        var (describing, ablations) = (Beside("describing"), Beside("ablations"));
        var context = new StageContext(
            folder,
            describing,
            ablations,
            temporary.File("runs"),
            "test",
            1,
            null,
            IsCutShort: true,
            null,
            CancellationToken.None
        );
        Func<StageTask>[] stages =
        [
            () => new AutoencoderStage(context, 1),
            () => new ImageTextStage(context, 2),
            () => new ScorerStage(context, 3),
            () => new CaptionStage(context, 7),
            () => new AnswerStage(context, 8),
            () => new DetectorStage(context, 4),
            () => new DiffusionStage(context, 5),
        ];
        foreach (var open in stages)
        {
            var (name, before, after) = await runtime.RunAsync(() => Train(open));
            Assert.True(after < before, $"{name}: the loss was {before} and is {after}.");
        }
    }

    private WorldFolder Beside(string name)
    {
        var folder = new WorldFolder(temporary.File(name));
        folder.WriteDetectorConfiguration();
        return folder;
    }

    [Fact]
    public void Stages_that_build_on_nothing_can_begin_at_once()
    {
        var training = new WorldTraining(temporary.Path, seed: 1);

        Assert.Equal(["vae", "clip", "scorer"], training.FindReady(withAblations: false));
    }

    [Fact]
    public void A_stage_waits_for_those_before_it()
    {
        var training = new WorldTraining(temporary.Path, seed: 1);

        Assert.Null(training.FindRecord("vae"));
        Assert.Contains(
            "builds on stage vae",
            Assert.Throws<ImgAlignException>(() => training.Run("unet")).Message,
            StringComparison.Ordinal
        );
        Assert.Contains("vae, clip", Assert.Throws<ImgAlignException>(() => training.Run("paint")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Normalising_latents_leaves_the_autoencoder_as_it_is()
    {
        using var scope = NewDisposeScope();
        using var network = new AutoencoderKl(WorldNetworks.Autoencoder, META);
        ParameterInitialization.Randomize(network, 1);
        var pictures = PictureTensors.ForAutoencoder([
            .. SceneSample.ToMeasure(20, SceneGroup.Trained).Select(static sample => sample.Image),
        ]);
        var (mean, logVariance) = network.Encode(pictures);
        var decoded = network.Decode(mean);

        LatentNormalization.Apply(NetworkFile.Weights(network).ToDictionary(), mean);
        var (normalised, normalisedLogVariance) = network.Encode(pictures);

        Assert.InRange(normalised.mean([0, 2, 3]).abs().max().item<float>(), 0, 1e-4f);
        Assert.InRange((normalised.transpose(0, 1).flatten(1).std(1) - 1).abs().max().item<float>(), 0, 1e-4f);
        Assert.True(allclose(network.Decode(normalised), decoded, atol: 1e-4));
        Assert.True(allclose((normalisedLogVariance - logVariance).std([0, 2, 3]), zeros(4), atol: 1e-4));
    }

    // The loss of one batch, before and after some steps on it; the stage leaves its weights.
    private static (string Name, double Before, double After) Train(Func<StageTask> open)
    {
        using var task = open();
        using var batch = new OneBatch(task);
        using var trainer = new Trainer(
            batch,
            new TrainerOptions
            {
                Steps = 8,
                BatchSize = 8,
                LearningRate = 2e-3,
                Shuffle = false,
                MaxGradientNorm = 1,
            }
        );
        var losses = new List<double>();
        trainer.Run(progress: new Losses(losses));
        task.Save();
        return (task.GetType().Name, losses[0], losses[^1]);
    }

    // Eight samples over and over.
    private sealed class OneBatch(ITrainingTask task) : ITrainingTask
    {
        public IReadOnlyDictionary<string, TorchSharp.Modules.Parameter> Parameters => task.Parameters;

        public int SampleCount => 8;

        public TrainingLoss ComputeLoss(IReadOnlyList<SampleDraw> samples) =>
            task.ComputeLoss([.. samples.Select(static (_, index) => new SampleDraw(index, index, index))]);

        public void Dispose() { }
    }

    private sealed class Losses(List<double> values) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => values.Add(value.Metrics["loss"]);
    }
}
