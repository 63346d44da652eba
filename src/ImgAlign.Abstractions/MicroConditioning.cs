namespace ImgAlign;

/// <summary>
/// SDXL's conditioning on the history of a training image (SDXL, section 2.2). Absent values mean: as large as the picture
/// that is generated, and not cropped.
/// </summary>
public sealed record MicroConditioning
{
    /// <summary>The size that the picture claims to have had before it was scaled.</summary>
    public ImageSize? OriginalSize { get; init; }

    /// <summary>The size that the picture claims to have been scaled to.</summary>
    public ImageSize? TargetSize { get; init; }

    /// <summary>Pixels cut off at the top.</summary>
    public int CropTop { get; init; }

    /// <summary>Pixels cut off at the left.</summary>
    public int CropLeft { get; init; }
}
