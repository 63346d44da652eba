using ImgAlign.Imaging;
using ImgAlign.Networks.Vae;
using ImgAlign.Networks.ZImage;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>
/// Z-Image, Z-Image-Turbo and their fine-tunes. No image prompt is published for them, so that they generate and do not align. The guidance
/// scale is that of the model's card, which counts from 0: 0 for Turbo.
/// </summary>
public sealed class ZImageBackbone : IDiffusionBackbone, IMemoryFootprint
{
    private readonly ZImageOptions options;
    private readonly ZImageConfig transformerConfig;
    private readonly AutoencoderConfig autoencoderConfig;
    private readonly SchedulerConfig scheduler;
    private readonly FlowMatchSchedule schedule;
    private readonly ZImageTextEncoder textEncoder;
    private readonly ModelSlot<ZImageTransformer> transformer;
    private readonly LatentPictures pictures;

    /// <summary>Reads configurations and the tokenizer and compares them with the weights, which are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">Where the files are.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or two do not fit each other.</exception>
    public ZImageBackbone(DeviceRuntime runtime, ZImageOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        // What may be wrong comes first: from the first slot on, nothing fails.
        var files = new ZImageFiles(options);
        var autoencoder = files.FindAutoencoder();
        (transformerConfig, autoencoderConfig) = (files.ReadTransformer(), autoencoder.Config);
        scheduler = files.ReadScheduler();
        schedule = new FlowMatchSchedule(scheduler);
        var text = files.ReadText();
        RequireFit(transformerConfig, autoencoderConfig, text);
        var transformerSource = files.Transformer(transformerConfig);
        var pictureParts = LatentPictureParts.Read(runtime, autoencoder, Name, options);

        (Runtime, this.options) = (runtime, options);
        textEncoder = new ZImageTextEncoder(runtime, text, options);
        transformer = new(runtime, transformerSource, storage: options.Storage);
        pictures = new(runtime, pictureParts, PixelRounding.Nearest, transformer.Use, transformer);
        Info = Describe() with { Loras = LoraFiles.Applied(options.Loras, transformerSource.LoraLayers) };
    }

    /// <inheritdoc/>
    public string Name => "Z-Image";

    /// <inheritdoc/>
    public DeviceRuntime Runtime { get; }

    /// <inheritdoc/>
    public BackboneInfo Info { get; }

    /// <inheritdoc/>
    public IImagePromptEncoder? ImagePrompt => null;

    /// <inheritdoc/>
    public string NoImagePrompt => "none is published for Z-Image; generate without one, or align with SDXL or FLUX";

    /// <inheritdoc/>
    public IReadOnlyList<UnreadText> FindUnread(string prompt) => textEncoder.FindUnread(prompt);

    /// <inheritdoc/>
    public void CheckSettings(SamplingSettings settings) => ((IFamilySettings)Settings(settings)).Check();

    /// <inheritdoc/>
    public IReadOnlyList<long> LatentShape(ImageSize size) =>
        [autoencoderConfig.LatentChannels, size.Height / autoencoderConfig.PixelsPerLatent, size.Width / autoencoderConfig.PixelsPerLatent];

    /// <inheritdoc/>
    public IGuidance CreateGuidance(SamplingSettings settings)
    {
        // The scale of p + g (p - n) is one less than that of n + s (p - n).
        var inner = new ClassifierFreeGuidance(1 + settings.Guidance, settings.GuidanceInterval, rescale: settings.GuidanceRescale);
        var times = CreateSchedule(settings, Info.DefaultSize).Levels.Select(static level => 1.0 - level.Timestep);
        return new ZImageGuidance(inner, [.. times], Settings(settings));
    }

    /// <inheritdoc/>
    public ISampler DefaultSampler => SchedulerSampler.Of(scheduler);

    /// <inheritdoc/>
    public NoiseSchedule CreateSchedule(SamplingSettings settings, ImageSize size) =>
        schedule.Create(settings, FlowMatchSchedule.ImageTokens(size, FlowTokenCount.Standard));

    /// <inheritdoc/>
    public TextFeatures EncodeText(IReadOnlyList<string?> prompts)
    {
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to encode.", nameof(prompts));
        using var noGrad = no_grad();
        return textEncoder.Encode(prompts);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">There is an image prompt, or a prompt or the picture is too large.</exception>
    public Conditioning Condition(
        TextFeatures text,
        Tensor? imagePrompt,
        double imagePromptScale,
        ImageSize size,
        SamplingSettings settings
    )
    {
        var prompts = ZImageTextFeatures.Of(text);
        if (imagePrompt is not null)
            throw new ArgumentException($"An image prompt was given, but {NoImagePrompt}.", nameof(imagePrompt));
        var latents = LatentShape(size);
        var grid = new LatentGrid(1, (int)latents[1] / ZImageConfig.PatchSize, (int)latents[2] / ZImageConfig.PatchSize);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var lease = transformer.Use();
        return lease.Model.Prepare(ToTransformer(prompts.Tokens), prompts.Lengths, grid);
    }

    /// <inheritdoc/>
    public Tensor Predict(Tensor x, NoiseLevel level, Conditioning conditioning)
    {
        if (conditioning is not ZImageConditioning prepared)
            throw new ArgumentException(
                $"Z-Image takes what its own {nameof(Condition)} made, but got a {conditioning.GetType().Name}.",
                nameof(conditioning)
            );
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var lease = transformer.Use();
        // The network counts time from the noise on, and gives the flow's velocity the other way round.
        var time = tensor(1 - level.Timestep, device: Runtime.Device).view(1);
        var output = lease.Model.call(ToTransformer(x).unsqueeze(2), time, prepared);
        return output.squeeze(2).to(float32).negative().MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public bool EncodesPictures => pictures.Encodes;

    /// <inheritdoc/>
    public Tensor EncodeLatents(RgbImage image, Tensor noise, bool inTiles = false) => pictures.Encode(image, noise, inTiles);

    /// <inheritdoc/>
    /// <exception cref="ImgAlignException">The latents are not finite; the message names the weights at fault, if they are.</exception>
    public IReadOnlyList<RgbImage> Decode(Tensor x, bool inTiles = false) => pictures.Decode(x, inTiles);

    /// <inheritdoc/>
    public IReadOnlyList<RgbImage> Preview(Tensor x, bool inTiles) => pictures.Preview(x, inTiles);

    /// <summary>The decoder's output for final latents, before it becomes bytes.</summary>
    /// <param name="x">The sample <c>[B, C, h, w]</c>.</param>
    /// <returns><c>[B, 3, H, W]</c> in about -1..1.</returns>
    public Tensor DecodeLatents(Tensor x) => pictures.DecodeToPixels(x);

    /// <inheritdoc/>
    public IReadOnlyList<StageFootprint> EstimateStages(Workload workload)
    {
        ArgumentNullException.ThrowIfNull(workload);
        var (size, batch) = (workload.Size, workload.Batch);
        var tokens = options.MaxTextTokens + (long)size.Width * size.Height / (Info.SizeMultiple * Info.SizeMultiple);
        // Of a block: what enters it and its normed copy, q, k, v, their rotated float32 copies, or the feed-forward's three hidden ones.
        var activations = 20 * tokens * transformerConfig.Dim * transformer.ElementBytes;
        var previews = pictures.EstimatePreviews(workload);
        return
        [
            textEncoder.Estimate(batch),
            transformer.Footprint(Math.Max(activations * batch * workload.BranchesAtOnce, previews.ActivationBytes), previews.WeightBytes),
            .. pictures.EstimateStages(workload),
        ];
    }

    /// <summary>Frees all networks.</summary>
    public void Dispose()
    {
        textEncoder.Dispose();
        transformer.Dispose();
        pictures.Dispose();
    }

    private Tensor ToTransformer(Tensor tensor) => tensor.to(Runtime.Device).to(transformer.Type);

    private static ZImageSettings Settings(SamplingSettings settings) =>
        settings.Family switch
        {
            null => new ZImageSettings(),
            ZImageSettings own => own,
            var other => throw new InvalidRequestException(
                $"Family is {other.GetType().Name}, but Z-Image takes {nameof(ZImageSettings)}; give those, or leave it out.",
                nameof(settings.Family)
            ),
        };

    // Each of them may fit its own weights, and yet not the others.
    private static void RequireFit(ZImageConfig transformer, AutoencoderConfig autoencoder, ZImageTextParts text)
    {
        if (transformer.InChannels != autoencoder.LatentChannels)
            throw new ImgAlignException(
                $"The transformer takes latents of {transformer.InChannels} channels, but the autoencoder has "
                    + $"{autoencoder.LatentChannels}; take both from the same model."
            );
        if (transformer.CapFeatDim != text.Config.HiddenSize)
            throw new ImgAlignException(
                $"The text encoder gives features of width {text.Config.HiddenSize}, but the transformer's cap_feat_dim is "
                    + $"{transformer.CapFeatDim}; take both from the same model."
            );
    }

    private BackboneInfo Describe()
    {
        var isTurbo = ZImageTurbo.IsOf(scheduler);
        return new()
        {
            SizeMultiple = autoencoderConfig.PixelsPerLatent * ZImageConfig.PatchSize,
            DefaultSize = new ImageSize(1024, 1024),
            DefaultSteps = isTurbo ? 8 : 50,
            DefaultGuidance = isTurbo ? 0 : 5,
            ImagePromptTokens = 0,
            ImagePromptWidth = 0,
        };
    }
}
