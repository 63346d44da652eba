using ImgAlign;
using ImgAlign.Backbones;
using ImgAlign.Checkpoints;
using ImgAlign.Imaging;
using ImgAlign.Runtime;
using ImgAlign.Sampling;
using TorchSharp;
using static TorchSharp.torch;

namespace CustomBackbone;

/// <summary>A diffusion model of mosaics: what a model family of one's own needs to be part of a pipeline.</summary>
public sealed class MosaicBackbone : IDiffusionBackbone
{
    /// <summary>The number of channels of the networks.</summary>
    public const int Width = 32;

    private const int TilePixels = 8;

    private readonly DiffusionSchedule schedule = new(
        new SchedulerConfig
        {
            BetaSchedule = "scaled_linear",
            BetaStart = 0.00085,
            BetaEnd = 0.012,
            TimestepSpacing = "trailing",
        }
    );
    private readonly ModelSlot<MosaicTextEncoder> textEncoder;
    private readonly ModelSlot<MosaicNetwork> network;

    /// <summary>Compares the networks with their file; weights are read on first use.</summary>
    /// <param name="runtime">The device.</param>
    /// <param name="path">The file with the weights of both networks.</param>
    /// <exception cref="ImgAlignException">The file is missing or broken, or does not hold what the networks need.</exception>
    public MosaicBackbone(DeviceRuntime runtime, string path)
    {
        Runtime = runtime;
        // Sources first, slots last: a source may find that the file does not fit, a slot takes its place on the device.
        var textSource = new ModelSource<MosaicTextEncoder>(
            "Mosaic text encoder",
            static () => new(Width, META),
            path,
            static (_, _) => WeightMap.Prefixed("text_encoder.")
        );
        var networkSource = new ModelSource<MosaicNetwork>(
            "Mosaic network",
            static () => new(Width, META),
            path,
            static (_, _) => WeightMap.Prefixed("network.")
        );
        textEncoder = new(runtime, textSource);
        network = new(runtime, networkSource);
        ImagePrompt = new MosaicImagePrompt(runtime.Device);
    }

    /// <inheritdoc/>
    public string Name => "Mosaic";

    /// <inheritdoc/>
    public DeviceRuntime Runtime { get; }

    /// <inheritdoc/>
    public BackboneInfo Info { get; } =
        new()
        {
            SizeMultiple = TilePixels,
            DefaultSize = new ImageSize(128, 128),
            DefaultSteps = 10,
            DefaultGuidance = 2,
            ImagePromptTokens = MosaicImagePrompt.Tokens,
            ImagePromptWidth = MosaicImagePrompt.Width,
        };

    /// <inheritdoc/>
    public IImagePromptEncoder? ImagePrompt { get; }

    /// <inheritdoc/>
    public IReadOnlyList<long> LatentShape(ImageSize size) => [3, size.Height / TilePixels, size.Width / TilePixels];

    /// <inheritdoc/>
    public NoiseSchedule CreateSchedule(SamplingSettings settings, ImageSize size) => schedule.Create(settings);

    /// <inheritdoc/>
    public IGuidance CreateGuidance(SamplingSettings settings) => new ClassifierFreeGuidance(settings.Guidance, settings.GuidanceInterval);

    /// <inheritdoc/>
    public TextFeatures EncodeText(IReadOnlyList<string?> prompts)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var lease = textEncoder.Use();
        var pooled = cat([
            .. prompts.Select(prompt => lease.Model.call(tensor(MosaicTextEncoder.Tokenize(prompt), device: Runtime.Device))),
        ]); // [B, w]
        return new PooledTextFeatures(pooled.unsqueeze(1), pooled);
    }

    /// <inheritdoc/>
    public Conditioning Condition(
        TextFeatures text,
        Tensor? imagePrompt,
        double imagePromptScale,
        ImageSize size,
        SamplingSettings settings
    )
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var lease = network.Use();
        return new MosaicConditioning(
            lease
                .Model.Prepare(PooledTextFeatures.Of(text).Pooled.to(network.Type), imagePrompt?.to(network.Type), imagePromptScale)
                .DetachFromDisposeScope()
        );
    }

    /// <inheritdoc/>
    public Tensor Predict(Tensor x, NoiseLevel level, Conditioning conditioning)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        using var lease = network.Use();
        var timestep = tensor([level.Timestep], device: Runtime.Device);
        var scaled = TensorMath.DividedBy(x, level.Scale).to(network.Type);
        return lease.Model.call(scaled, timestep, ((MosaicConditioning)conditioning).Prompts).to(float32).alias().MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public IReadOnlyList<RgbImage> Decode(Tensor x, bool inTiles = false)
    {
        using var scope = NewDisposeScope();
        return DecodedImages.ToImages(x.repeat_interleave(TilePixels, 2).repeat_interleave(TilePixels, 3)); // [B, 3, H, W]
    }

    /// <summary>Frees both networks.</summary>
    public void Dispose()
    {
        textEncoder.Dispose();
        network.Dispose();
    }

    private sealed class MosaicConditioning(Tensor prompts) : Conditioning
    {
        public Tensor Prompts => prompts; // [B, w]

        public override int Batch => (int)prompts.shape[0];

        protected override void Dispose(bool disposing) => prompts.Dispose();
    }
}
