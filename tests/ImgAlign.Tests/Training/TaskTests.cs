using ImgAlign.Networks.Clip;
using ImgAlign.Networks.Perceiver;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Networks.Vae;
using ImgAlign.Sampling;
using ImgAlign.Training;
using ImgAlign.Training.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Tests.Training;

/// <summary>The general tasks on tiny networks: gradients reach every parameter, agree with finite differences, and make the loss
/// fall.</summary>
public sealed class TaskTests : IDisposable
{
    private const int Count = 6;

    private static readonly SchedulerConfig Schedule = new()
    {
        BetaStart = 0.00085,
        BetaEnd = 0.012,
        BetaSchedule = "scaled_linear",
    };

    private readonly DisposeScope scope = NewDisposeScope();

    [Fact]
    public void Autoencoder() =>
        Check(
            new AutoencoderTask(
                Randomized(
                    new AutoencoderKl(
                        new AutoencoderKlConfig
                        {
                            BlockOutChannels = [8, 16],
                            DownBlockTypes = ["DownEncoderBlock2D", "DownEncoderBlock2D"],
                            UpBlockTypes = ["UpDecoderBlock2D", "UpDecoderBlock2D"],
                            LayersPerBlock = 1,
                            NormNumGroups = 4,
                            LatentChannels = 4,
                        },
                        META
                    )
                ),
                Count,
                samples => Draw(samples, 3, 16, 16).tanh(),
                klWeight: 0.1
            )
        );

    [Fact]
    public void Diffusion() => Check(new DiffusionTask(Randomized(UNet()), Count, Read, Schedule, textDropout: 0.3));

    [Fact]
    public void ImagePrompt()
    {
        var unet = Randomized(UNet());
        Check(ImagePromptTask(unet));
        Assert.All(unet.parameters(), parameter => Assert.Null(parameter.grad));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_UNet_that_recomputes_its_activations_has_the_same_gradients(bool trainsImagePrompt)
    {
        var unet = Randomized(UNet());
        using var task = trainsImagePrompt ? ImagePromptTask(unet) : new DiffusionTask(unet, Count, Read, Schedule, textDropout: 0.3);
        var kept = Gradients(task);
        unet.RecomputesActivations = true;
        var before = LiveTensors.Count();
        var recomputed = Gradients(task);
        Assert.InRange(LiveTensors.Count() - before, kept.Count, kept.Count + 3);
        Assert.All(kept, pair => Assert.True(pair.Value.allclose(recomputed[pair.Key], rtol: 1e-4, atol: 1e-6), pair.Key));
    }

    [Fact]
    public void Contrastive() =>
        Check(
            new ContrastiveTask(
                Randomized(
                    new ClipTextModel(
                        new ClipTextConfig
                        {
                            VocabSize = 30,
                            HiddenSize = 16,
                            IntermediateSize = 32,
                            NumHiddenLayers = 2,
                            NumAttentionHeads = 2,
                            MaxPositionEmbeddings = 8,
                            ProjectionDim = 12,
                            Architectures = ["CLIPModel"],
                            EosTokenId = 29,
                        },
                        META
                    )
                ),
                Randomized(
                    new ClipVisionModel(
                        new ClipVisionConfig
                        {
                            ImageSize = 16,
                            PatchSize = 8,
                            HiddenSize = 16,
                            IntermediateSize = 32,
                            NumHiddenLayers = 2,
                            NumAttentionHeads = 2,
                            ProjectionDim = 12,
                            Architectures = ["CLIPModel"],
                        },
                        META
                    )
                ),
                Count,
                samples => new ContrastiveBatch(Draw(samples, 3, 16, 16), Words(samples))
            )
        );

    public void Dispose() => scope.Dispose();

    private static void Check(ITrainingTask task)
    {
        using (task)
        {
            SampleDraw[] batch = [.. Enumerable.Range(0, 4).Select(index => new SampleDraw(index, index, SeedSequence.At(5, index)))];
            AgreesWithFiniteDifferences(task, batch);
            using var trainer = new Trainer(
                task,
                new TrainerOptions
                {
                    Steps = 40,
                    BatchSize = 4,
                    LearningRate = 3e-3,
                    Seed = 2,
                }
            );
            var losses = new List<double>();
            var before = LiveTensors.Count();
            trainer.Run(progress: new Losses(losses));
            Assert.InRange(LiveTensors.Count() - before, 0, 3);
            Assert.True(losses.TakeLast(8).Average() < losses.Take(8).Average(), string.Join(", ", losses));
        }
    }

    // Along the gradient, the loss changes by its squared length.
    private static void AgreesWithFiniteDifferences(ITrainingTask task, SampleDraw[] batch)
    {
        using var inner = NewDisposeScope();
        foreach (var parameter in task.Parameters.Values)
            parameter.requires_grad = true;
        task.ComputeLoss(batch).Total.backward();
        var gradients = task.Parameters.ToDictionary(
            pair => pair.Key,
            pair => pair.Value.grad ?? throw new InvalidOperationException($"{pair.Key} has no gradient")
        );
        var silent = gradients.Where(pair => pair.Value.abs().max().item<float>() == 0).Select(pair => pair.Key).ToList();
        Assert.Empty(silent);
        var length = Math.Sqrt(gradients.Values.Sum(gradient => gradient.square().sum().item<float>()));
        var step = 2e-3 / length;
        var slope = (Loss(step) - Loss(-step)) / (2 * step);
        Assert.InRange(slope / (length * length), 0.97, 1.03);
        foreach (var parameter in task.Parameters.Values)
            parameter.grad = null;

        double Loss(double change)
        {
            using var noGrad = no_grad();
            foreach (var (name, parameter) in task.Parameters)
                parameter.add_(gradients[name], change);
            var loss = task.ComputeLoss(batch).Total.item<float>();
            foreach (var (name, parameter) in task.Parameters)
                parameter.add_(gradients[name], -change);
            return loss;
        }
    }

    private static DiffusionTask ImagePromptTask(UNet2DConditionModel unet)
    {
        var resampler = Randomized(
            new Resampler(
                new PerceiverConfig(12, 16, unet.Config.CrossAttentionDim, Depth: 1, Heads: 2, HeadWidth: 8, FeedForwardWidth: 32),
                tokens: 3,
                META
            )
        );
        return new DiffusionTask(
            unet,
            Randomized(new ImagePromptAdapter(unet.Config, META)),
            resampler,
            Count,
            Read,
            Schedule,
            textDropout: 0.3,
            imageDropout: 0.3
        );
    }

    private static Dictionary<string, Tensor> Gradients(DiffusionTask task)
    {
        using var inner = NewDisposeScope();
        foreach (var parameter in task.Parameters.Values)
            (parameter.requires_grad, parameter.grad) = (true, null);
        task.ComputeLoss([.. Enumerable.Range(0, 4).Select(index => new SampleDraw(index, index, SeedSequence.At(5, index)))])
            .Total.backward();
        return task.Parameters.ToDictionary(pair => pair.Key, pair => pair.Value.grad!.clone().MoveToOuterDisposeScope());
    }

    private static UNet2DConditionModel UNet() =>
        new(
            new SdxlUNetConfig
            {
                SampleSize = [8],
                BlockOutChannels = [8, 16],
                DownBlockTypes = ["DownBlock2D", "CrossAttnDownBlock2D"],
                UpBlockTypes = ["CrossAttnUpBlock2D", "UpBlock2D"],
                LayersPerBlock = [1],
                TransformerLayersPerBlock =
                [
                    [1],
                ],
                AttentionHeadDim = [2, 4],
                CrossAttentionDim = 10,
                NormNumGroups = 4,
                AdditionTimeEmbedDim = 4,
                ProjectionClassEmbeddingsInputDim = 24 + 7,
            },
            META
        );

    private static DiffusionBatch Read(IReadOnlyList<SampleDraw> samples) =>
        new(
            Draw(samples, 4, 8, 8),
            Draw(samples, 5, 10),
            Draw(samples, 7),
            tensor(new float[] { 8, 8, 0, 0, 8, 8 }).expand(samples.Count, 6),
            Draw(samples, 9, 12),
            zeros(1, 9, 12)
        );

    private static Tensor Draw(IReadOnlyList<SampleDraw> samples, params long[] shape) =>
        stack(samples.Select(sample => ModelExtensions.Randn(sample.Index, shape)));

    private static Tensor Words(IReadOnlyList<SampleDraw> samples) =>
        stack(
            samples.Select(static sample =>
                tensor(Enumerable.Range(0, 8).Select(position => position == 7 ? 29L : (sample.Index * 5 + position) % 29).ToArray())
            )
        );

    private static T Randomized<T>(T network)
        where T : nn.Module
    {
        ParameterInitialization.Randomize(network, seed: 1, deviation: 0.3);
        return network;
    }

    private sealed class Losses(List<double> losses) : IProgress<TrainingProgress>
    {
        public void Report(TrainingProgress value) => losses.Add(value.Metrics["loss"]);
    }
}
