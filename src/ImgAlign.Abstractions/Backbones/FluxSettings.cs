namespace ImgAlign.Backbones;

/// <summary>FLUX's classifier-free guidance, which comes on top of the guidance that the network takes as an input.</summary>
public sealed class FluxSettings : IFamilySettings
{
    /// <summary>The scale of classifier-free guidance, 0 or more; up to 1 there is none. Null: 3.5 for FLUX.1-dev, as in IMG, and none for
    /// models without an input for guidance.</summary>
    public double? TrueGuidance { get; init; }

    /// <summary>The first step, from 0, with classifier-free guidance; earlier ones run the prompt's branch alone. IMG: 1.</summary>
    public int TrueGuidanceStart { get; init; } = 1;

    void IFamilySettings.Check()
    {
        if (TrueGuidance is { } scale && !(double.IsFinite(scale) && scale >= 0))
            throw new InvalidRequestException(
                FormattableString.Invariant($"TrueGuidance is {scale}; use a finite number of 0 or more."),
                nameof(SamplingSettings.Family)
            );
        if (TrueGuidanceStart < 0)
            throw new InvalidRequestException(
                FormattableString.Invariant($"TrueGuidanceStart is {TrueGuidanceStart}; use 0 or more."),
                nameof(SamplingSettings.Family)
            );
    }
}
