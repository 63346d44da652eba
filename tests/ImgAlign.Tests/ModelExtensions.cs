using ImgAlign.Sampling;
using static TorchSharp.torch;

namespace ImgAlign.Tests;

/// <summary>Calls with one input where a model takes many.</summary>
internal static class ModelExtensions
{
    public static Detection Detect(
        this IMisalignmentDetector detector,
        RgbImage image,
        string question,
        int critiqueTokens = 0,
        CancellationToken cancellationToken = default
    ) => Assert.Single(detector.Detect([new DetectionInput(image, question)], critiqueTokens, cancellationToken));

    public static Tensor Randn(long seed, params long[] shape)
    {
        using var noise = new TorchNoise(seed);
        return noise.Draw(shape);
    }

    /// <summary>Noise for one picture of a backbone, on its device.</summary>
    public static Tensor Noise(this IDiffusionBackbone backbone, ImageSize size, long seed) =>
        Randn(seed, [1, .. backbone.LatentShape(size)]).to(backbone.Runtime.Device);

    /// <summary>What the network says of one noise for one prompt, at the second of four steps, <c>[1, C, h, w]</c>.</summary>
    public static Tensor Slope(
        this IDiffusionBackbone backbone,
        ImageSize size,
        string prompt = "a red cube",
        Tensor? imagePrompt = null,
        double scale = 0.5,
        SamplingSettings? settings = null
    )
    {
        using var text = backbone.EncodeText([prompt]);
        return backbone.Slope(size, text, imagePrompt, scale, settings);
    }

    /// <summary>The same for encoded text.</summary>
    public static Tensor Slope(
        this IDiffusionBackbone backbone,
        ImageSize size,
        TextFeatures text,
        Tensor? imagePrompt = null,
        double scale = 0.5,
        SamplingSettings? settings = null
    )
    {
        using var conditioning = backbone.Condition(text, imagePrompt, scale, size, settings ?? backbone.Settings());
        using var noise = backbone.Noise(size, 1);
        return backbone.Predict(
            noise,
            backbone.CreateSchedule((settings ?? backbone.Settings()) with { Steps = 4 }, size).Levels[1],
            conditioning
        );
    }

    /// <summary>A backbone's own settings.</summary>
    public static SamplingSettings Settings(this IDiffusionBackbone backbone, IFamilySettings? family = null) =>
        new()
        {
            Steps = backbone.Info.DefaultSteps,
            Guidance = backbone.Info.DefaultGuidance,
            ImagePromptScale = 1,
            Sampler = Samplers.Euler,
            Family = family,
        };
}
