namespace ImgAlign.Running;

/// <summary>Whether an aligner fits the backbone and the detector that it works between.</summary>
internal static class AlignerRules
{
    /// <summary>Refuses an aligner that was trained for others.</summary>
    /// <exception cref="ArgumentException">It does not fit; the message says what does.</exception>
    public static void RequireFit(IImplicitAligner aligner, IDiffusionBackbone backbone, IMisalignmentDetector detector)
    {
        if (aligner.DetectorWidth != detector.HiddenSize)
            throw new ArgumentException(
                $"The aligner reads hidden states of width {aligner.DetectorWidth}, but {detector.Name} gives "
                    + $"{detector.HiddenSize}; load the aligner that was trained with this detector.",
                nameof(aligner)
            );
        if (aligner.TokenWidth != backbone.Info.ImagePromptWidth)
            throw new ArgumentException(
                $"The aligner moves image-prompt tokens of width {aligner.TokenWidth}, but {backbone.Name} takes "
                    + $"{backbone.Info.ImagePromptTokens} x {backbone.Info.ImagePromptWidth}; load the aligner that was trained "
                    + "for this backbone.",
                nameof(aligner)
            );
        if (aligner.Origin?.Tokens is { } tokens && tokens != backbone.Info.ImagePromptTokens)
            throw new ArgumentException(
                $"The aligner was trained for an image prompt of {tokens} tokens, but this one of {backbone.Name} has "
                    + $"{backbone.Info.ImagePromptTokens}; load the image prompt or the aligner that belongs to the other.",
                nameof(aligner)
            );
        if (aligner.Origin?.Detector is { } trained && trained != detector.Name)
            throw new ArgumentException(
                $"The aligner was trained with {trained}, but the detector is {detector.Name}; load the one that belongs to the other.",
                nameof(aligner)
            );
    }

    /// <summary>What is to be known where it cannot be told whether an aligner fits; null where it can.</summary>
    public static string? FindDoubt(IImplicitAligner aligner, IDiffusionBackbone backbone) =>
        aligner.Origin is not { Tokens: null }
            ? null
            : $"{aligner.Name}'s file does not say how many image-prompt tokens it was trained for, and this image prompt of "
                + $"{backbone.Name} has {backbone.Info.ImagePromptTokens}; if it was for others, pictures come out wrong: say the number "
                + "with the aligner's Tokens (--aligner-tokens).";
}
