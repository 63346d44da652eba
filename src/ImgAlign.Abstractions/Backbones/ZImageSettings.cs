namespace ImgAlign.Backbones;

/// <summary>Z-Image's own ways with guidance, which is <c>p + g (p - n)</c> of the predictions with prompt and negative prompt.</summary>
public sealed class ZImageSettings : IFamilySettings
{
    /// <summary>
    /// The norm that guidance may give a picture's prediction, in norms of that with the prompt alone (<c>cfg_normalization</c>): longer
    /// ones are shortened. Null: no limit.
    /// </summary>
    public double? GuidanceNormLimit { get; init; }

    /// <summary>
    /// The time, from 0 (noise) to 1 (picture), behind which steps have no guidance (<c>cfg_truncation</c>). 1: all steps have it.
    /// </summary>
    public double GuidanceEnd { get; init; } = 1;

    void IFamilySettings.Check()
    {
        if (GuidanceNormLimit is { } limit && !(double.IsFinite(limit) && limit > 0))
            throw new InvalidRequestException(
                FormattableString.Invariant($"{nameof(GuidanceNormLimit)} is {limit}; use a finite number above 0."),
                nameof(SamplingSettings.Family)
            );
        if (!(GuidanceEnd >= 0 && GuidanceEnd <= 1))
            throw new InvalidRequestException(
                FormattableString.Invariant($"{nameof(GuidanceEnd)} is {GuidanceEnd}; use 0 to 1."),
                nameof(SamplingSettings.Family)
            );
    }
}
