namespace ImgAlign.Backbones;

/// <summary>
/// SDXL's conditioning on the history of a training picture (SDXL, section 2.2). Absent values mean: as large as the picture that is
/// generated, and not cropped.
/// </summary>
public sealed class SdxlSettings : IFamilySettings
{
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
