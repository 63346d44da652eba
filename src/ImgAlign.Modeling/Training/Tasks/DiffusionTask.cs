using ImgAlign.Networks.Sdxl;
using ImgAlign.Sampling;
using ImgAlign.Training.Diffusion;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace ImgAlign.Training.Tasks;

/// <summary>
/// Trains SDXL's UNet by denoising (Ho et al., 2020), or the image-prompt adapter and its resampler, with the UNet frozen (IP-Adapter) or
/// together with it. Captions and image prompts are dropped at random, each by itself, so that guidance without them works: text becomes
/// zeros, as SDXL has it, and the image "no image".
/// </summary>
public sealed class DiffusionTask : ITrainingTask
{
    // Draws of a sample for different purposes.
    private const long Timestep = 1,
        TextDropout = 2,
        ImageDropout = 3;

    private readonly UNet2DConditionModel unet;
    private readonly (ImagePromptAdapter Adapter, Resampler Resampler)? imagePrompt;
    private readonly bool trainsUNet;
    private readonly Func<IReadOnlyList<SampleDraw>, DiffusionBatch> read;
    private readonly DenoisingObjective objective;
    private readonly double textDropout;
    private readonly double imageDropout;

    /// <summary>Trains the UNet.</summary>
    /// <param name="unet">With weights; borrowed. For less memory, set <see cref="UNet2DConditionModel.RecomputesActivations"/>.</param>
    /// <param name="count">The number of samples.</param>
    /// <param name="read">Reads some samples.</param>
    /// <param name="schedule">The noise levels, and what is predicted.</param>
    /// <param name="textDropout">How often a caption is dropped.</param>
    /// <param name="snrGamma">The limit of min-SNR weighting; null: all timesteps weigh the same.</param>
    public DiffusionTask(
        UNet2DConditionModel unet,
        int count,
        Func<IReadOnlyList<SampleDraw>, DiffusionBatch> read,
        SchedulerConfig schedule,
        double textDropout = 0.1,
        double? snrGamma = null
    )
        : this(unet, null, trainsUNet: true, count, read, schedule, textDropout, 0, snrGamma, null) { }

    /// <summary>Trains the image prompt.</summary>
    /// <param name="unet">With weights; borrowed.</param>
    /// <param name="adapter">With weights; borrowed.</param>
    /// <param name="resampler">With weights; borrowed.</param>
    /// <param name="count">The number of samples.</param>
    /// <param name="read">Reads some samples, with image features; without them where the UNet is to draw from text alone, which it has to
    /// be trained for.</param>
    /// <param name="schedule">The noise levels, and what is predicted.</param>
    /// <param name="textDropout">How often a caption is dropped.</param>
    /// <param name="imageDropout">How often an image prompt is dropped, whether its caption is or not.</param>
    /// <param name="snrGamma">The limit of min-SNR weighting: below 1, the high noise levels, at which it is decided what a picture shows,
    /// weigh more than details. Null: all weigh the same.</param>
    /// <param name="trainsUNet">Whether the UNet is trained too; otherwise its weights stay as they are.</param>
    /// <param name="beside">What is trained beside them, by <see cref="DiffusionBatch.AuxiliaryLoss"/>; null for nothing.</param>
    public DiffusionTask(
        UNet2DConditionModel unet,
        ImagePromptAdapter adapter,
        Resampler resampler,
        int count,
        Func<IReadOnlyList<SampleDraw>, DiffusionBatch> read,
        SchedulerConfig schedule,
        double textDropout = 0.1,
        double imageDropout = 0.1,
        double? snrGamma = null,
        bool trainsUNet = false,
        IReadOnlyDictionary<string, Parameter>? beside = null
    )
        : this(unet, (adapter, resampler), trainsUNet, count, read, schedule, textDropout, imageDropout, snrGamma, beside) { }

    private DiffusionTask(
        UNet2DConditionModel unet,
        (ImagePromptAdapter Adapter, Resampler Resampler)? imagePrompt,
        bool trainsUNet,
        int count,
        Func<IReadOnlyList<SampleDraw>, DiffusionBatch> read,
        SchedulerConfig schedule,
        double textDropout,
        double imageDropout,
        double? snrGamma,
        IReadOnlyDictionary<string, Parameter>? beside
    )
    {
        this.unet = unet;
        this.imagePrompt = imagePrompt;
        this.trainsUNet = trainsUNet;
        this.read = read;
        this.textDropout = textDropout;
        this.imageDropout = imageDropout;
        SampleCount = count;
        Parameters = (trainsUNet ? NamedParameters.Of(("", unet)) : NamedParameters.Of())
            .Concat(
                imagePrompt is { } trained
                    ? NamedParameters.Of(("image_proj.", trained.Resampler), ("ip_adapter.", trained.Adapter))
                    : NamedParameters.Of()
            )
            .Concat(beside ?? new Dictionary<string, Parameter>())
            .ToDictionary();
        objective = new DenoisingObjective(schedule, Parameters.Values.First().device, snrGamma);
    }

    /// <inheritdoc/>
    public IReadOnlyDictionary<string, Parameter> Parameters { get; }

    /// <inheritdoc/>
    public int SampleCount { get; }

    /// <inheritdoc/>
    public TrainingLoss ComputeLoss(IReadOnlyList<SampleDraw> samples)
    {
        var batch = read(samples);
        var timesteps = SeededNoise.Integers(samples, objective.Timesteps, Timestep).to(batch.Latents.device);
        var sample = objective.Noise(batch.Latents, SeededNoise.Like(batch.Latents, samples), timesteps);
        // [B]
        var keepsText = SeededNoise.Happens(samples, textDropout, TextDropout).logical_not().to(batch.Text.device).to(batch.Text.dtype);
        var image = ReadImage(batch, samples);
        using var conditioning = unet.Prepare(
            batch.Text * keepsText.view(-1, 1, 1),
            batch.PooledText * keepsText.view(-1, 1),
            batch.TimeIds,
            image is null ? null : imagePrompt?.Adapter,
            image?.Kept
        );
        var loss = sample.LossPerSample(unet.call(sample.Noisy, timesteps, conditioning)).mean();
        var metrics = new Dictionary<string, Tensor>();
        if (image is { All: var tokens } && batch.AuxiliaryLoss is { } auxiliary)
            loss = loss.Plus(metrics["auxiliary"] = auxiliary(tokens));
        return new TrainingLoss(loss, metrics, new Dictionary<string, Tensor> { ["latents"] = batch.Latents, ["timesteps"] = timesteps });
    }

    /// <summary>Frees the table of noise levels; the networks are the caller's.</summary>
    public void Dispose() => objective.Dispose();

    // The tokens of all pictures, and those with "no image" in the place of the dropped ones; null without an image prompt.
    private (Tensor All, Tensor Kept)? ReadImage(DiffusionBatch batch, IReadOnlyList<SampleDraw> samples)
    {
        if (imagePrompt is not { } prompt || (trainsUNet && batch.Image is null))
            return null;
        if (batch.Image is null || batch.NoImage is null)
            throw new InvalidOperationException("The samples have no image features, but an image prompt is trained.");
        var drops = SeededNoise.Happens(samples, imageDropout, ImageDropout).to(batch.Image.device).view(-1, 1, 1);
        var tokens = prompt.Resampler.call(batch.Image);
        return (tokens, where(drops, prompt.Resampler.call(batch.NoImage), tokens));
    }
}
