using ImgAlign.Checkpoints;
using ImgAlign.Networks.Flux;
using ImgAlign.Networks.Layers;
using ImgAlign.Networks.Vae;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>
/// FLUX.1-dev, FLUX.1-schnell and their fine-tunes, with XLabs' image prompt. Guidance is twofold: a scale that the network takes as an
/// input, the guidance of the model's card, and classifier-free guidance from the second step on, as in IMG (<see cref="FluxSettings"/>).
/// </summary>
public sealed class FluxBackbone : IDiffusionBackbone, IMemoryFootprint
{
    private const double ReleasedTrueGuidance = 3.5;
    private const int TextTokens = 512;
    private const int TextTokensOfSchnell = 256;

    private readonly FluxOptions options;
    private readonly FluxConfig transformerConfig;
    private readonly AutoencoderConfig autoencoderConfig;
    private readonly SchedulerConfig scheduler;
    private readonly FlowMatchSchedule schedule;
    private readonly FluxTextEncoder textEncoder;
    private readonly FluxImagePromptEncoder? imagePrompt;
    private readonly ReduxImagePromptEncoder? redux; // in its place
    private readonly ModelSlot<FluxImagePromptAdapter>? adapter;
    private readonly ModelSlot<FluxTransformer> transformer;
    private readonly LatentPictures pictures;
    private readonly PresetCheck presets;
    private readonly int textTokens;

    /// <summary>Reads configurations and tokenizers and compares them with the weights, which are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">Where the files are.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or two do not fit each other.</exception>
    public FluxBackbone(DeviceRuntime runtime, FluxOptions options)
    {
        // What may be wrong comes first: from the first slot on, nothing fails.
        var files = new FluxFiles(options);
        var autoencoder = files.FindAutoencoder();
        (transformerConfig, autoencoderConfig) = (files.ReadTransformer(), autoencoder.Config);
        scheduler = files.ReadScheduler(transformerConfig);
        schedule = new FlowMatchSchedule(scheduler);
        var text = FluxTextParts.Read(files);
        var image = files.ImagePrompt is { } paths ? FluxImagePromptEncoder.Read(paths.Encoder, paths.Adapter) : null;
        var reduxParts = files.Redux is var (path, encoderPath) ? ReduxParts.Read(path, encoderPath) : null;
        RequireFit(transformerConfig, autoencoderConfig, text, reduxParts);
        var transformerSource = files.Transformer(transformerConfig);
        var adapterSource = image is null ? null : files.Adapter(transformerConfig, image.Width);
        var pictureParts = LatentPictureParts.Read(runtime, autoencoder, Name, options);

        (Runtime, this.options) = (runtime, options);
        textTokens = options.MaxTextTokens ?? (transformerConfig.GuidanceEmbeds ? TextTokens : TextTokensOfSchnell);
        textEncoder = new FluxTextEncoder(runtime, text, textTokens, options.TextEncoderStorage);
        transformer = new(runtime, transformerSource, storage: options.Storage);
        imagePrompt = image is null ? null : new FluxImagePromptEncoder(runtime, image, options.ImageEncoderStorage);
        redux = reduxParts is null ? null : new ReduxImagePromptEncoder(runtime, reduxParts, options.ImageEncoderStorage);
        adapter = adapterSource is null ? null : new(runtime, adapterSource, storage: options.Storage);
        pictures = new(runtime, pictureParts, options.Rounding, transformer.Use, transformer, adapter);
        var applied = LoraFiles.Applied(options.Loras, text.Clip.LoraLayers, text.T5.LoraLayers, transformerSource.LoraLayers);
        DistillationSign[] own = transformerConfig.GuidanceEmbeds ? [] : [new("flux-schnell", null, "its lack of an input for guidance")];
        presets = new PresetCheck(Name, options.TransformerPath ?? options.ModelPath, options.Loras, own);
        Info = Describe() with { Loras = applied };
    }

    /// <inheritdoc/>
    public string Name => "FLUX";

    /// <inheritdoc/>
    public DeviceRuntime Runtime { get; }

    /// <inheritdoc/>
    public BackboneInfo Info { get; }

    /// <inheritdoc/>
    public IImagePromptEncoder? ImagePrompt => redux is null ? imagePrompt : redux;

    /// <inheritdoc/>
    public IReadOnlyList<UnreadText> FindUnread(string prompt) => textEncoder.FindUnread(prompt);

    /// <inheritdoc/>
    public void CheckSettings(SamplingSettings settings)
    {
        IFamilySettings own = Settings(settings);
        own.Check();
    }

    /// <inheritdoc/>
    public string? CheckPreset(SamplingPreset preset)
    {
        if (transformerConfig.GuidanceEmbeds && preset.Distillation == "flux-schnell")
            throw new InvalidRequestException(
                $"The preset {preset.Name} is for {preset.Model}, but this transformer takes guidance as an input, which that one does "
                    + "not; take the preset that fits, or another model.",
                nameof(SamplingSettings.Preset)
            );
        return presets.Check(preset);
    }

    /// <inheritdoc/>
    public IReadOnlyList<long> LatentShape(ImageSize size) =>
        [autoencoderConfig.LatentChannels, size.Height / autoencoderConfig.PixelsPerLatent, size.Width / autoencoderConfig.PixelsPerLatent];

    /// <inheritdoc/>
    public IGuidance CreateGuidance(SamplingSettings settings)
    {
        var own = Settings(settings);
        var scale = own.TrueGuidance ?? (transformerConfig.GuidanceEmbeds ? ReleasedTrueGuidance : 1);
        return new ClassifierFreeGuidance(scale, settings.GuidanceInterval, own.TrueGuidanceStart, settings.GuidanceRescale);
    }

    /// <inheritdoc/>
    public ISampler DefaultSampler => SchedulerSampler.Of(scheduler);

    /// <inheritdoc/>
    public NoiseSchedule CreateSchedule(SamplingSettings settings, ImageSize size) =>
        schedule.Create(settings, FlowMatchSchedule.ImageTokens(size, options.ScheduleTokens));

    /// <inheritdoc/>
    public TextFeatures EncodeText(IReadOnlyList<string?> prompts)
    {
        if (prompts.Count == 0)
            throw new ArgumentException("There is no prompt to encode.", nameof(prompts));
        using var noGrad = no_grad();
        return textEncoder.Encode(prompts);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">A tensor has another shape than expected, or there is an image prompt but no adapter for
    /// it.</exception>
    public Conditioning Condition(
        TextFeatures text,
        Tensor? imagePrompt,
        double imagePromptScale,
        ImageSize size,
        SamplingSettings settings
    ) => Condition(text, imagePrompt, [.. Enumerable.Repeat(imagePromptScale, text.Batch)], size, settings);

    /// <inheritdoc/>
    public Tensor Predict(Tensor x, NoiseLevel level, Conditioning conditioning)
    {
        if (conditioning is not FluxConditioning prepared)
            throw new ArgumentException(
                $"FLUX takes what its own {nameof(Condition)} made, but got a {conditioning.GetType().Name}.",
                nameof(conditioning)
            );
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var lease = transformer.Use();
        var timestep = tensor(level.Timestep, device: Runtime.Device);
        var velocity = lease.Model.call(ToTransformer(LatentPatches.Pack(x)), timestep, prepared);
        return LatentPatches.Unpack(velocity, x.shape[2], x.shape[3]).to(float32).MoveToOuterDisposeScope();
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
        var tokens = textTokens + (long)size.Width * size.Height / (Info.SizeMultiple * Info.SizeMultiple);
        var previews = pictures.EstimatePreviews(workload);
        return
        [
            .. textEncoder.EstimateStages(batch),
            // A single block: q, k, v, their rotated float32 copies, the feed-forward's hidden tokens twice. A step cache keeps two of the
            // tokens' size, beside the first block's input and output and a copy of what changed.
            transformer.Footprint(
                Math.Max(
                    (options.StepCacheThreshold is null ? 28 : 33)
                        * tokens
                        * transformerConfig.Width
                        * transformer.ElementBytes
                        * batch
                        * workload.BranchesAtOnce,
                    previews.ActivationBytes
                ),
                (adapter?.WeightBytes ?? 0) + previews.WeightBytes
            ),
            .. pictures.EstimateStages(workload),
            .. redux is null ? [] : (StageFootprint[])[redux.Estimate(batch)],
            .. imagePrompt is null ? [] : (StageFootprint[])[new("FLUX image encoder", imagePrompt.WeightBytes, 64L * 1024 * 1024 * batch)],
        ];
    }

    /// <summary>Frees all networks.</summary>
    public void Dispose()
    {
        textEncoder.Dispose();
        imagePrompt?.Dispose();
        redux?.Dispose();
        adapter?.Dispose();
        transformer.Dispose();
        pictures.Dispose();
    }

    /// <summary>Prepares what all steps share, with another weight of the image prompt for each sample.</summary>
    /// <param name="text">The prompts' features, B of them.</param>
    /// <param name="imagePrompt">Image-prompt features <c>[B, n, d]</c>, or null for none.</param>
    /// <param name="imagePromptScales">B weights.</param>
    /// <param name="size">The size of the picture in pixels.</param>
    /// <param name="settings">The settings.</param>
    /// <exception cref="ArgumentException">A tensor has another shape than expected, or there is an image prompt but no adapter for
    /// it.</exception>
    public Conditioning Condition(
        TextFeatures text,
        Tensor? imagePrompt,
        IReadOnlyList<double> imagePromptScales,
        ImageSize size,
        SamplingSettings settings
    )
    {
        var prompts = PooledTextFeatures.Of(text);
        var latents = LatentShape(size);
        if (imagePrompt is not null && ImagePrompt is null)
            throw new ArgumentException($"This FLUX has no image prompt; set {nameof(FluxOptions.ImagePromptPath)}.", nameof(imagePrompt));
        if (imagePromptScales.All(static scale => scale == 0))
            imagePrompt = null; // the same to the bit
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var tokens = prompts.Tokens;
        if (imagePrompt is not null && redux is not null)
        {
            // Redux's tokens are text to the transformer.
            var weights = tensor(imagePromptScales.ToArray(), imagePrompt.dtype, Runtime.Device).view(-1, 1, 1);
            tokens = ReduxPrompt.Join(tokens.to(Runtime.Device), imagePrompt.to(Runtime.Device) * weights);
            imagePrompt = null;
        }
        using var transformerLease = transformer.Use();
        using var adapterLease = imagePrompt is null ? null : adapter!.Use();
        var conditioning = transformerLease.Model.Prepare(
            ToTransformer(tokens),
            ToTransformer(prompts.Pooled),
            TensorMath.Full([text.Batch], settings.Guidance, float32, Runtime.Device),
            zeros([tokens.shape[1], transformerConfig.AxesDimsRope.Count], float32, Runtime.Device),
            LatentPatches.Ids(latents[1], latents[2], Runtime.Device),
            adapterLease?.Model,
            imagePrompt is null ? null : ToTransformer(imagePrompt),
            imagePrompt is null ? null : imagePromptScales
        );
        if (options.StepCacheThreshold is { } threshold)
            conditioning.StepCache = new FirstBlockCache(threshold);
        return conditioning;
    }

    /// <summary>The decoder's output for final latents, before it becomes bytes.</summary>
    /// <param name="x">The sample <c>[B, C, h, w]</c>.</param>
    /// <returns><c>[B, 3, H, W]</c> in about -1..1.</returns>
    public Tensor DecodeLatents(Tensor x) => pictures.DecodeToPixels(x);

    private Tensor ToTransformer(Tensor tensor) => tensor.to(Runtime.Device).to(transformer.Type);

    private static FluxSettings Settings(SamplingSettings settings) =>
        settings.Family switch
        {
            null => new FluxSettings(),
            FluxSettings own => own,
            var other => throw new InvalidRequestException(
                $"Family is {other.GetType().Name}, but FLUX takes {nameof(FluxSettings)}; give those, or leave it out.",
                nameof(SamplingSettings.Family)
            ),
        };

    // Each of them may fit its own weights, and yet not the others.
    private static void RequireFit(FluxConfig transformer, AutoencoderConfig autoencoder, FluxTextParts text, ReduxParts? redux)
    {
        if (redux is not null && redux.Width != text.Width)
            throw new ImgAlignException(
                $"Redux gives tokens of width {redux.Width}, but T5's are {text.Width} wide; take both for the same FLUX.1."
            );
        var patch = autoencoder.LatentChannels * LatentPatches.Size * LatentPatches.Size;
        if (transformer.InChannels != patch || (transformer.OutChannels ?? transformer.InChannels) != patch)
            throw new ImgAlignException(
                $"The transformer takes image tokens of width {transformer.InChannels} and gives "
                    + $"{transformer.OutChannels ?? transformer.InChannels}, but with the autoencoder's "
                    + $"{autoencoder.LatentChannels} latent channels they are {patch} wide; take both from the same text-to-image model."
            );
        if (text.Width != transformer.JointAttentionDim)
            throw new ImgAlignException(
                $"T5 gives features of width {text.Width}, but the transformer's joint_attention_dim is "
                    + $"{transformer.JointAttentionDim}; take transformer and text encoders from the same model."
            );
        if (text.PooledWidth != transformer.PooledProjectionDim)
            throw new ImgAlignException(
                $"CLIP gives pooled features of width {text.PooledWidth}, but the transformer's pooled_projection_dim is "
                    + $"{transformer.PooledProjectionDim}; take transformer and text encoders from the same model."
            );
    }

    private BackboneInfo Describe() =>
        new()
        {
            SizeMultiple = autoencoderConfig.PixelsPerLatent * LatentPatches.Size,
            DefaultSize = new ImageSize(1024, 1024),
            // FLUX.1-schnell is distilled to few steps without guidance.
            DefaultSteps = transformerConfig.GuidanceEmbeds ? 30 : 4,
            DefaultGuidance = transformerConfig.GuidanceEmbeds ? 3.5 : 0,
            ImagePromptTokens = redux?.Tokens ?? imagePrompt?.Tokens ?? 0,
            ImagePromptWidth = redux?.Width ?? imagePrompt?.Width ?? 0,
            DefaultImagePromptScale = redux is null ? 0.2 : 1, // Redux was trained with 1
        };
}
