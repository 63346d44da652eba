namespace ImgAlign.Backbones;

/// <summary>
/// How SDXL reads prompts, and its conditioning on the history of a training picture (SDXL, section 2.2). Absent sizes and crops mean: as
/// large as the picture that is generated, and not cropped.
/// </summary>
public sealed class SdxlSettings : IFamilySettings
{
    /// <summary>
    /// Whether prompts are in the notation of weights and of any length: <c>(word:1.3)</c>, <c>(word)</c>, <c>[word]</c>, <c>BREAK</c>, and
    /// a backslash before a bracket that is text. If not, a prompt is text, of which 75 tokens are read. Null: as
    /// <see cref="SdxlOptions.PromptWeights"/> says.
    /// </summary>
    public bool? PromptWeights { get; init; }

    /// <summary>The size that the picture claims to have had before it was scaled.</summary>
    public ImageSize? OriginalSize { get; init; }

    /// <summary>The size that the picture claims to have been scaled to.</summary>
    public ImageSize? TargetSize { get; init; }

    /// <summary>Pixels cut off at the top, 0 or more.</summary>
    public int CropTop { get; init; }

    /// <summary>Pixels cut off at the left, 0 or more.</summary>
    public int CropLeft { get; init; }

    void IFamilySettings.Check()
    {
        foreach (var size in new[] { OriginalSize, TargetSize })
        {
            if (size is { Width: < 1 } or { Height: < 1 })
                throw new InvalidRequestException(
                    $"{nameof(SdxlSettings)} has the size {size}; sides are at least 1.",
                    nameof(SamplingSettings.Family)
                );
        }
        if (CropTop < 0 || CropLeft < 0)
            throw new InvalidRequestException(
                FormattableString.Invariant($"{nameof(SdxlSettings)} crops {CropTop} and {CropLeft} pixels; use 0 or more."),
                nameof(SamplingSettings.Family)
            );
    }
}
