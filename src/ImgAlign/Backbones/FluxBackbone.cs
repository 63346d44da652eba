using ImgAlign.Networks.Flux;
using ImgAlign.Networks.Layers;
using ImgAlign.Networks.Vae;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Backbones;

/// <summary>
/// FLUX.1-dev, FLUX.1-schnell and their fine-tunes, with XLabs' image prompt. Guidance is twofold: a scale that the network knows
/// (<see cref="FluxOptions.DistilledGuidance"/>), and classifier-free guidance from the second step on, as in IMG.
/// </summary>
public sealed class FluxBackbone : IDiffusionBackbone, IMemoryFootprint
{
    private readonly DeviceRuntime runtime;
    private readonly FluxOptions options;
    private readonly FluxConfig transformerConfig;
    private readonly AutoencoderKlConfig autoencoderConfig;
    private readonly FlowMatchSchedule schedule;
    private readonly FluxTextEncoder textEncoder;
    private readonly FluxImagePromptEncoder? imagePrompt;
    private readonly ModelSlot<FluxImagePromptAdapter>? adapter;
    private readonly ModelSlot<FluxTransformer> transformer;
    private readonly LatentDecoder decoder;

    /// <summary>Reads configurations and tokenizers and compares them with the weights, which are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="options">Where the files are.</param>
    /// <exception cref="ImgAlignException">A file is missing or broken, or two do not fit each other.</exception>
    public FluxBackbone(DeviceRuntime runtime, FluxOptions options)
    {
        // What may be wrong comes first: from the first slot on, nothing fails.
        var files = new FluxFiles(options);
        (transformerConfig, autoencoderConfig) = (files.ReadTransformer(), files.ReadAutoencoder());
        schedule = new FlowMatchSchedule(files.ReadScheduler(transformerConfig));
        var text = FluxTextParts.Read(files);
        var image = files.ImagePrompt is { } paths ? FluxImagePromptEncoder.Read(paths.Encoder, paths.Adapter) : null;
        RequireFit(transformerConfig, autoencoderConfig, text);
        var (transformerSource, decoderSource) = (files.Transformer(transformerConfig), files.Decoder(autoencoderConfig));
        var adapterSource = image is null ? null : files.Adapter(transformerConfig, image.Width);

        (this.runtime, this.options) = (runtime, options);
        textEncoder = new FluxTextEncoder(runtime, text, options);
        transformer = new(runtime, transformerSource, storage: options.Storage);
        decoder = new(runtime, decoderSource, autoencoderConfig, options.Rounding);
        imagePrompt = image is null ? null : new FluxImagePromptEncoder(runtime, image, options.ImageEncoderStorage);
        adapter = adapterSource is null ? null : new(runtime, adapterSource, storage: options.Storage);
        var applied = LoraOptions.Applied(options.Loras, text.Clip.LoraLayers, text.T5.LoraLayers, transformerSource.LoraLayers);
        Info = Describe() with { Loras = applied };
    }

    /// <inheritdoc/>
    public BackboneInfo Info { get; }

    /// <inheritdoc/>
    /// <exception cref="ImgAlignException">It was made without the files of an image prompt.</exception>
    public IImagePromptEncoder ImagePrompt =>
        imagePrompt ?? throw new ImgAlignException($"This FLUX has no image prompt; set {nameof(FluxOptions.ImagePromptPath)}.");

    /// <inheritdoc/>
    public SigmaSchedule CreateSchedule(int steps, ImageSize size) => schedule.Create(steps, FlowMatchSchedule.ImageTokens(size, options.ScheduleTokens));

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The size is not one that the model can generate.</exception>
    public Tensor CreateNoise(ImageSize size, long seed, int batch = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(batch, 1);
        var (height, width) = LatentSize(size);
        using var scope = NewDisposeScope();
        return TorchNoise.Randn(seed, [batch, autoencoderConfig.LatentChannels, height, width]).to(runtime.Device).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public TextFeatures EncodeText(IReadOnlyList<string?> prompts)
    {
        if (prompts.Count == 0) throw new ArgumentException("There is no prompt to encode.", nameof(prompts));
        using var noGrad = no_grad();
        return textEncoder.Encode(prompts);
    }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The size is not one that the model can generate, or a tensor has another shape than expected.</exception>
    /// <exception cref="ImgAlignException">There is an image prompt but no adapter for it.</exception>
    public Conditioning Condition(TextFeatures text, Tensor? imagePrompt, double imagePromptScale, ImageSize size, MicroConditioning? microConditioning = null) =>
        Condition(text, imagePrompt, [.. Enumerable.Repeat(imagePromptScale, text.Batch)], size);

    /// <inheritdoc/>
    public Tensor Derivative(Tensor x, SigmaStep step, Conditioning conditioning)
    {
        if (conditioning is not FluxConditioning prepared)
            throw new ArgumentException($"FLUX takes what its own {nameof(Condition)} made, but got a {conditioning.GetType().Name}.", nameof(conditioning));
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var lease = transformer.Use();
        var timestep = tensor(step.Timestep, device: runtime.Device);
        var velocity = lease.Model.call(ToTransformer(LatentPatches.Pack(x)), timestep, prepared);
        return LatentPatches.Unpack(velocity, x.shape[2], x.shape[3]).to(float32).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    /// <exception cref="ImgAlignException">The latents are not finite; the message names the weights at fault, if they are.</exception>
    public IReadOnlyList<RgbImage> Decode(Tensor x)
    {
        FiniteNumbers.Require(x, "The latents", transformer, adapter);
        return decoder.ToImages(x);
    }

    /// <inheritdoc/>
    public IReadOnlyList<StageFootprint> EstimateStages(Workload workload)
    {
        var (size, batch) = (workload.Size, workload.Batch);
        var tokens = options.MaxTextTokens + (long)size.Width * size.Height / (Info.SizeMultiple * Info.SizeMultiple);
        var transformerElement = transformer.Type == float32 ? 4 : 2;
        return
        [
            .. textEncoder.EstimateStages(batch),
            // A single block: q, k, v, their rotated float32 copies, the feed-forward's hidden tokens twice. A step cache keeps three of the tokens' size.
            transformer.Footprint((options.StepCacheThreshold is null ? 28 : 31) * tokens * transformerConfig.Width * transformerElement * batch * workload.BranchesAtOnce, adapter?.WeightBytes ?? 0),
            decoder.Estimate(size),
            .. imagePrompt is null ? [] : (StageFootprint[])[new("FLUX image encoder", imagePrompt.WeightBytes, 64L * 1024 * 1024 * batch)],
        ];
    }

    /// <summary>Frees all networks.</summary>
    public void Dispose()
    {
        textEncoder.Dispose();
        imagePrompt?.Dispose();
        adapter?.Dispose();
        transformer.Dispose();
        decoder.Dispose();
    }

    /// <summary>The same with a scale for each sample.</summary>
    internal Conditioning Condition(TextFeatures text, Tensor? imagePrompt, IReadOnlyList<double> imagePromptScales, ImageSize size)
    {
        var (height, width) = LatentSize(size);
        if (imagePrompt is not null && adapter is null) _ = ImagePrompt;  // throws
        if (imagePromptScales.All(static scale => scale == 0)) imagePrompt = null;  // the same to the bit
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var transformerLease = transformer.Use();
        using var adapterLease = imagePrompt is null ? null : adapter!.Use();
        var conditioning = transformerLease.Model.Prepare(
            ToTransformer(text.Tokens), ToTransformer(text.Pooled), TensorMath.Full([text.Batch], options.DistilledGuidance, float32, runtime.Device),
            zeros([text.Tokens.shape[1], transformerConfig.AxesDimsRope.Count], float32, runtime.Device), LatentPatches.Ids(height, width, runtime.Device),
            adapterLease?.Model, imagePrompt is null ? null : ToTransformer(imagePrompt), imagePrompt is null ? null : imagePromptScales);
        if (options.StepCacheThreshold is { } threshold) conditioning.StepCache = new FirstBlockCache(threshold);
        return conditioning;
    }

    /// <summary>The decoder's output for final latents, <c>[B, 3, H, W]</c> in about -1..1.</summary>
    internal Tensor DecodeLatents(Tensor x) => decoder.Decode(x);

    private Tensor ToTransformer(Tensor tensor) => tensor.to(runtime.Device).to(transformer.Type);

    private (long Height, long Width) LatentSize(ImageSize size)
    {
        Info.RequireSize(size);
        return (size.Height / autoencoderConfig.PixelsPerLatent, size.Width / autoencoderConfig.PixelsPerLatent);
    }

    // Each of them may fit its own weights, and yet not the others.
    private static void RequireFit(FluxConfig transformer, AutoencoderKlConfig autoencoder, FluxTextParts text)
    {
        var patch = autoencoder.LatentChannels * LatentPatches.Size * LatentPatches.Size;
        if (transformer.InChannels != patch || (transformer.OutChannels ?? transformer.InChannels) != patch)
            throw new ImgAlignException($"The transformer takes image tokens of width {transformer.InChannels} and gives {transformer.OutChannels ?? transformer.InChannels}, but with the autoencoder's {autoencoder.LatentChannels} latent channels they are {patch} wide; take both from the same text-to-image model.");
        if (text.Width != transformer.JointAttentionDim)
            throw new ImgAlignException($"T5 gives features of width {text.Width}, but the transformer's joint_attention_dim is {transformer.JointAttentionDim}; take transformer and text encoders from the same model.");
        if (text.PooledWidth != transformer.PooledProjectionDim)
            throw new ImgAlignException($"CLIP gives pooled features of width {text.PooledWidth}, but the transformer's pooled_projection_dim is {transformer.PooledProjectionDim}; take transformer and text encoders from the same model.");
    }

    private BackboneInfo Describe() => new()
    {
        Name = "FLUX",
        SizeMultiple = autoencoderConfig.PixelsPerLatent * LatentPatches.Size,
        DefaultSize = new ImageSize(1024, 1024),
        // FLUX.1-schnell is distilled to few steps without guidance.
        DefaultSteps = transformerConfig.GuidanceEmbeds ? 30 : 4,
        DefaultGuidance = transformerConfig.GuidanceEmbeds ? 3.5 : 1,
        GuidanceStartStep = 1,
        ImagePromptTokens = imagePrompt?.Tokens ?? 0,
        ImagePromptWidth = imagePrompt?.Width ?? 0,
    };
}
