using ImgAlign.Backbones;
using ImgAlign.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace ImgAlign.Testing.Reference;

/// <summary>
/// The smallest complete diffusion model: its pictures are normally distributed around one colour, so that the derivative is a formula and
/// no network is needed. It paints a prompt's colour half as strong as it should, which an aligner can repair. For tests, and as an example
/// of the contract.
/// </summary>
public sealed class ColourBackbone : IDiffusionBackbone, IImagePromptEncoder, IMemoryFootprint
{
    private const int Pixels = 8;
    private const double Spread = 0.02;

    /// <summary>Makes the model.</summary>
    /// <param name="runtime">Where to compute.</param>
    public ColourBackbone(DeviceRuntime runtime)
    {
        Runtime = runtime;
        Info = new BackboneInfo
        {
            SizeMultiple = Pixels,
            DefaultSize = new ImageSize(32, 32),
            DefaultSteps = 6,
            DefaultGuidance = 1.2,
            ImagePromptTokens = 4,
            ImagePromptWidth = 3,
        };
    }

    /// <inheritdoc/>
    public string Name => "Colour";

    /// <inheritdoc/>
    public DeviceRuntime Runtime { get; }

    /// <inheritdoc/>
    public BackboneInfo Info { get; }

    /// <inheritdoc/>
    public IImagePromptEncoder? ImagePrompt => this;

    /// <summary>The bytes that each of its two stages claims to need; for tests of memory policies.</summary>
    public long ClaimedStageBytes { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<long> LatentShape(ImageSize size) => [3, size.Height / Pixels, size.Width / Pixels];

    /// <inheritdoc/>
    public NoiseSchedule CreateSchedule(SamplingSettings settings, ImageSize size)
    {
        const double Highest = 10,
            Ratio = 0.01;
        // The network is a formula, which is told the noise level itself.
        var levels = Enumerable
            .Range(0, settings.Steps)
            .Select(i => Highest * Math.Pow(Ratio, (double)i / settings.Steps))
            .Select(static sigma => new NoiseLevel(1, sigma, (float)sigma));
        return new([.. levels], NoiseLevel.Clean, initialScale: Highest, PredictionType.Noise);
    }

    /// <inheritdoc/>
    public IGuidance CreateGuidance(SamplingSettings settings) => new ClassifierFreeGuidance(settings.Guidance, settings.GuidanceInterval);

    /// <inheritdoc/>
    public TextFeatures EncodeText(IReadOnlyList<string?> prompts)
    {
        var colours = prompts.SelectMany(prompt =>
            prompt is null ? [0.5f, 0.5f, 0.5f] : Colour.Of(prompt).Select(static value => 0.25f + value / 2)
        );
        var tokens = tensor([.. colours], [prompts.Count, 1, 3], device: Runtime.Device); // [B, 1, 3]
        return new PooledTextFeatures(tokens, tokens.squeeze(1));
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
        using var scope = NewDisposeScope();
        var mean = PooledTextFeatures.Of(text).Pooled.alias(); // [B, 3]
        if (imagePrompt is not null && imagePromptScale != 0)
            mean = mean.Plus((imagePrompt.mean([1]) - mean).Times(imagePromptScale));
        return new ColourConditioning(mean.unsqueeze(-1).unsqueeze(-1).DetachFromDisposeScope());
    }

    /// <inheritdoc/>
    public Tensor Predict(Tensor x, NoiseLevel level, Conditioning conditioning)
    {
        using var scope = NewDisposeScope();
        // x = data + sigma noise, data ~ N(mean, spread^2): the expected noise given x.
        var scale = level.Noise / (Spread * Spread + level.Noise * level.Noise);
        return (x - ((ColourConditioning)conditioning).Mean).Times(scale).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public IReadOnlyList<RgbImage> Decode(Tensor x, bool inTiles = false)
    {
        using var scope = NewDisposeScope();
        var enlarged = x.repeat_interleave(Pixels, 2).repeat_interleave(Pixels, 3); // [B, 3, H, W]
        var bytes = enlarged.Times(255).round().Clamp(0, 255).to(uint8).permute(0, 2, 3, 1).contiguous().cpu();
        return [.. bytes.unbind().Select(image => new RgbImage((int)image.shape[1], (int)image.shape[0], image.data<byte>().ToArray()))];
    }

    /// <inheritdoc/>
    public Tensor Encode(IReadOnlyList<RgbImage> images) =>
        tensor([.. images.SelectMany(Colour.Quarters)], [images.Count, 4, 3], device: Runtime.Device);

    /// <inheritdoc/>
    public Tensor EncodeUnconditional() => TensorMath.Full([1, 4, 3], 0.5, float32, Runtime.Device);

    /// <inheritdoc/>
    public IReadOnlyList<StageFootprint> EstimateStages(Workload workload) =>
        [
            new("Colour text", ClaimedStageBytes, 0),
            new("Colour painter", ClaimedStageBytes, 12L * workload.Size.Width * workload.Size.Height * workload.Batch),
        ];

    /// <summary>Owns nothing.</summary>
    public void Dispose() { }

    private sealed class ColourConditioning(Tensor mean) : Conditioning
    {
        public Tensor Mean => mean; // [B, 3, 1, 1]

        public override int Batch => (int)mean.shape[0];

        protected override void Dispose(bool disposing) => mean.Dispose();
    }
}
