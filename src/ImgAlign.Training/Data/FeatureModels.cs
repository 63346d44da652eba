using System.Text.Json.Serialization;
using ImgAlign.Training.Aligner;

namespace ImgAlign.Training.Data;

/// <summary>The networks that features come from, and what of theirs is kept.</summary>
/// <param name="ImagePrompt">The fingerprint of the image prompt's encoder.</param>
/// <param name="Tokens">The image-prompt tokens of a picture, n.</param>
/// <param name="TokenWidth">Their width, d.</param>
/// <param name="Detector">The fingerprint of the detector, with what it is asked; null: its hidden states are not kept.</param>
/// <param name="HiddenSize">The width of its hidden states, D; null: they are not kept.</param>
internal sealed record FeatureModels(string ImagePrompt, int Tokens, int TokenWidth, string? Detector, long? HiddenSize)
{
    // What a picture's file and the detector's tokens take about.
    private const long PictureBytes = 1 << 18;
    private const long DetectorTokens = 640;

    /// <summary>What a pair takes about on disk.</summary>
    [JsonIgnore]
    public long BytesOfPair =>
        2L * Tokens * TokenWidth * sizeof(float) + (HiddenSize is { } size ? DetectorTokens * size * sizeof(float) : PictureBytes);

    /// <summary>Those of some networks.</summary>
    public static FeatureModels Of(FrozenModels models, bool keepHiddenStates) =>
        new(
            models.ImagePromptFingerprint,
            models.Tokens,
            models.TokenWidth,
            keepHiddenStates ? $"{models.DetectorFingerprint} {models.Question}".TrimEnd() : null,
            keepHiddenStates ? models.Detector.HiddenSize : null
        );

    /// <inheritdoc/>
    public override string ToString() =>
        $"{Tokens} x {TokenWidth} of the image prompt {ImagePrompt}, "
        + (Detector is null ? "no hidden states" : $"hidden states of the detector {Detector}");
}
