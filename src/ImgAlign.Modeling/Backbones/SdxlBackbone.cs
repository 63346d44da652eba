using ImgAlign.Imaging;
using ImgAlign.Networks.Sdxl;
using ImgAlign.Networks.Vae;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using ImgAlign.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>SDXL, SDXL-DPO and other fine-tunes of SDXL, with IP-Adapter's image prompt.</summary>
public sealed class SdxlBackbone : IDiffusionBackbone, IMemoryFootprint
{
    private const int TimeIdCount = 6;

    private readonly SdxlUNetConfig unetConfig;
    private readonly AutoencoderConfig autoencoderConfig;
    private readonly SchedulerConfig scheduler;
    private readonly DiffusionSchedule schedule;
    private readonly SdxlTextEncoder textEncoder;
    private readonly bool readsWeights; // unless a request says otherwise
    private readonly SdxlImagePromptEncoder? imagePrompt;
    private readonly ModelSlot<ImagePromptAdapter>? adapter;
    private readonly ModelSlot<UNet2DConditionModel> unet;
    private readonly LatentPictures pictures;
    private readonly PresetCheck presets;

    /// <summary>Reads configurations and tokenizers and compares them with the weights, which are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">Where the files are.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or two do not fit each other.</exception>
    public SdxlBackbone(DeviceRuntime runtime, SdxlOptions options)
    {
        // What may be wrong comes first: from the first slot on, nothing fails.
        var files = new SdxlFiles(options);
        var autoencoder = files.FindAutoencoder();
        (unetConfig, autoencoderConfig) = (files.ReadUNet(), autoencoder.Config);
        scheduler = files.ReadScheduler();
        schedule = new DiffusionSchedule(scheduler);
        var text = SdxlTextParts.Read(files);
        var image = files.ImagePrompt is { } paths ? SdxlImagePromptEncoder.Read(paths.Encoder, paths.Projection) : null;
        RequireFit(unetConfig, autoencoderConfig, text, image);
        var (unetSource, adapterSource) = (files.UNet(unetConfig), files.Adapter(unetConfig));
        var pictureParts = LatentPictureParts.Read(runtime, autoencoder, Name, options);

        (Runtime, readsWeights) = (runtime, options.PromptWeights);
        textEncoder = new SdxlTextEncoder(runtime, text, options.TextEncoderStorage);
        unet = new(runtime, unetSource, storage: options.Storage);
        imagePrompt = image is null ? null : new SdxlImagePromptEncoder(runtime, image, options.ImageEncoderStorage);
        adapter = adapterSource is null ? null : new(runtime, adapterSource, storage: options.Storage);
        pictures = new(runtime, pictureParts, PixelRounding.Nearest, unet.Use, unet, adapter);
        var applied = LoraFiles.Applied(options.Loras, text.Encoder.LoraLayers, text.Encoder2.LoraLayers, unetSource.LoraLayers);
        presets = new PresetCheck(Name, options.UNetPath ?? options.ModelPath, options.Loras);
        Info = Describe() with { Loras = applied };
    }

    /// <inheritdoc/>
    public string Name => "SDXL";

    /// <inheritdoc/>
    public DeviceRuntime Runtime { get; }

    /// <inheritdoc/>
    public BackboneInfo Info { get; }

    /// <inheritdoc/>
    public IImagePromptEncoder? ImagePrompt => imagePrompt;

    /// <inheritdoc/>
    public IReadOnlyList<UnreadText> FindUnread(string prompt) => textEncoder.FindUnread(prompt);

    /// <inheritdoc/>
    public PromptReading ReadPrompt(string prompt, SamplingSettings settings) =>
        ReadsWeights(settings)
            ? new(PromptNotation.PlainText(prompt)) { Tokens = textEncoder.CountTokens(prompt) }
            : new(prompt) { Unread = FindUnread(prompt) };

    /// <inheritdoc/>
    public void CheckSettings(SamplingSettings settings)
    {
        IFamilySettings own = Settings(settings);
        own.Check();
    }

    /// <inheritdoc/>
    public string? CheckPreset(SamplingPreset preset) => presets.Check(preset);

    /// <inheritdoc/>
    public IReadOnlyList<long> LatentShape(ImageSize size) =>
        [unetConfig.InChannels, size.Height / Info.SizeMultiple, size.Width / Info.SizeMultiple];

    /// <inheritdoc/>
    public ISampler DefaultSampler => SchedulerSampler.Of(scheduler);

    /// <inheritdoc/>
    public NoiseSchedule CreateSchedule(SamplingSettings settings, ImageSize size) => schedule.Create(settings);

    /// <inheritdoc/>
    public IGuidance CreateGuidance(SamplingSettings settings) =>
        new ClassifierFreeGuidance(settings.Guidance, settings.GuidanceInterval, rescale: settings.GuidanceRescale);

    /// <inheritdoc/>
    public TextFeatures EncodeText(IReadOnlyList<string?> prompts) => EncodeText(prompts, readsWeights, tokens: 0);

    /// <inheritdoc/>
    public TextFeatures EncodeText(IReadOnlyList<string?> prompts, SamplingSettings settings, int tokens) =>
        EncodeText(prompts, ReadsWeights(settings), tokens);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A tensor has another shape than expected, or there is an image prompt but no adapter for
    /// it.</exception>
    public Conditioning Condition(
        TextFeatures text,
        Tensor? imagePrompt,
        double imagePromptScale,
        ImageSize size,
        SamplingSettings settings
    )
    {
        var prompts = PooledTextFeatures.Of(text);
        if (imagePrompt is not null && adapter is null)
            throw new ArgumentException($"This SDXL has no image prompt; set {nameof(SdxlOptions.ImagePromptPath)}.", nameof(imagePrompt));
        if (imagePromptScale == 0)
            imagePrompt = null; // the same to the bit
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var unetLease = unet.Use();
        using var adapterLease = imagePrompt is null ? null : adapter!.Use();
        return unetLease.Model.Prepare(
            ToUNet(prompts.Tokens),
            ToUNet(prompts.Pooled),
            TimeIds(size, Settings(settings), text.Batch),
            adapterLease?.Model,
            imagePrompt is null ? null : ToUNet(imagePrompt),
            imagePromptScale
        );
    }

    /// <inheritdoc/>
    public Tensor Predict(Tensor x, NoiseLevel level, Conditioning conditioning)
    {
        if (conditioning is not UNetConditioning prepared)
            throw new ArgumentException(
                $"SDXL takes what its own {nameof(Condition)} made, but got a {conditioning.GetType().Name}.",
                nameof(conditioning)
            );
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var lease = unet.Use();
        var timestep = tensor(level.Timestep, device: Runtime.Device);
        // The network was trained with samples whose variance is that of the data.
        return lease.Model.call(ToUNet(x.DividedBy(level.Scale)), timestep, prepared).to(float32).alias().MoveToOuterDisposeScope();
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

    /// <inheritdoc/>
    public IReadOnlyList<StageFootprint> EstimateStages(Workload workload)
    {
        var (size, batch) = (workload.Size, workload.Batch);
        var latents = (long)size.Width * size.Height / (Info.SizeMultiple * Info.SizeMultiple);
        var tokens = Math.Max(workload.TextTokens, textEncoder.ChunkTokens);
        // Keys and values of both branches' texts.
        var text = 2 * 2 * tokens * unetConfig.CrossAttentionChannels * unet.ElementBytes * batch;
        var previews = pictures.EstimatePreviews(workload);
        var stages = new List<StageFootprint>
        {
            new("SDXL text encoders", textEncoder.WeightBytes, 64L * 1024 * 1024 * batch * tokens / textEncoder.ChunkTokens),
            // Skip connections, and the widest feed-forward: about 24 feature maps of the first resolution.
            unet.Footprint(
                Math.Max(
                    24 * latents * unetConfig.BlockOutChannels[0] * unet.ElementBytes * batch * workload.BranchesAtOnce + text,
                    previews.ActivationBytes
                ),
                (adapter?.WeightBytes ?? 0) + previews.WeightBytes
            ),
        };
        stages.AddRange(pictures.EstimateStages(workload));
        if (imagePrompt is not null)
            stages.Add(new("SDXL image encoder", imagePrompt.WeightBytes, 128L * 1024 * 1024 * batch));
        return stages;
    }

    /// <summary>Frees all networks.</summary>
    public void Dispose()
    {
        textEncoder.Dispose();
        imagePrompt?.Dispose();
        adapter?.Dispose();
        unet.Dispose();
        pictures.Dispose();
    }

    /// <summary>The decoder's output for final latents, before it becomes bytes.</summary>
    /// <param name="x">The sample <c>[B, C, h, w]</c>.</param>
    /// <returns><c>[B, 3, H, W]</c> in about -1..1.</returns>
    public Tensor DecodeLatents(Tensor x) => pictures.DecodeToPixels(x);

    private PooledTextFeatures EncodeText(IReadOnlyList<string?> prompts, bool hasWeights, int tokens)
    {
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to encode.", nameof(prompts));
        using var noGrad = no_grad();
        return textEncoder.Encode(prompts, hasWeights, tokens);
    }

    private bool ReadsWeights(SamplingSettings settings) => Settings(settings).PromptWeights ?? readsWeights;

    private static SdxlSettings Settings(SamplingSettings settings) =>
        settings.Family switch
        {
            null => new SdxlSettings(),
            SdxlSettings own => own,
            var other => throw new InvalidRequestException(
                $"Family is {other.GetType().Name}, but SDXL takes {nameof(SdxlSettings)}; give those, or leave it out.",
                nameof(SamplingSettings.Family)
            ),
        };

    private Tensor ToUNet(Tensor tensor) => tensor.to(Runtime.Device).to(unet.Type);

    // Height before width (SDXL, section 2.2); float32, because the network embeds them by sines.
    private Tensor TimeIds(ImageSize size, SdxlSettings micro, int batch)
    {
        var (original, target) = (micro.OriginalSize ?? size, micro.TargetSize ?? size);
        float[] ids = [original.Height, original.Width, micro.CropTop, micro.CropLeft, target.Height, target.Width];
        return tensor(ids, device: Runtime.Device).expand(batch, -1);
    }

    // Each of them may fit its own weights, and yet not the others.
    private static void RequireFit(
        SdxlUNetConfig unet,
        AutoencoderConfig autoencoder,
        SdxlTextParts text,
        ImagePromptParts<Resampler>? image
    )
    {
        if (text.Width != unet.CrossAttentionDim)
            throw new ImgAlignException(
                $"The two text encoders give features of width {text.Width} together, but the UNet's cross_attention_dim is "
                    + $"{unet.CrossAttentionDim}; take UNet and text encoders from the same model."
            );
        var pooledWidth = unet.ProjectionClassEmbeddingsInputDim - TimeIdCount * unet.AdditionTimeEmbedDim;
        if (text.PooledWidth != pooledWidth)
            throw new ImgAlignException(
                $"The second text encoder gives pooled features of width {text.PooledWidth}, but the UNet takes {pooledWidth}: "
                    + $"projection_class_embeddings_input_dim {unet.ProjectionClassEmbeddingsInputDim} without {TimeIdCount} "
                    + $"time ids of {unet.AdditionTimeEmbedDim}; take UNet and text encoders from the same model."
            );
        if (autoencoder.LatentChannels != unet.InChannels || autoencoder.LatentChannels != unet.OutChannels)
            throw new ImgAlignException(
                $"The UNet takes {unet.InChannels} channels and gives {unet.OutChannels}, but the autoencoder has "
                    + $"{autoencoder.LatentChannels} latent channels; take both from a text-to-image model (those for "
                    + "inpainting and editing take more channels)."
            );
        if (image is not null && image.Width != unet.CrossAttentionDim)
            throw new ImgAlignException(
                $"The image prompt's tokens are {image.Width} wide, but the UNet's cross_attention_dim is "
                    + $"{unet.CrossAttentionDim}; take the resampler and the IP-Adapter that belong to this UNet."
            );
    }

    private BackboneInfo Describe()
    {
        var multiple = autoencoderConfig.PixelsPerLatent;
        var sample = unetConfig.SampleSize ?? [128];
        return new BackboneInfo
        {
            SizeMultiple = multiple,
            DefaultSize = new ImageSize(sample[^1] * multiple, sample[0] * multiple),
            DefaultSteps = 50,
            DefaultGuidance = 7.5,
            ImagePromptTokens = imagePrompt?.Tokens ?? 0,
            ImagePromptWidth = imagePrompt?.Width ?? 0,
        };
    }
}
