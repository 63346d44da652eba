namespace ImgAlign;

/// <summary>What a plain generation and an alignment have in common. Values that are null are the backbone's defaults.</summary>
public abstract record SamplingRequest
{
    /// <summary>What the picture must not show; null: the family's unconditional prompt (SDXL: zeros, which is not the same as "").</summary>
    public string? NegativePrompt { get; init; }

    /// <summary>The seed of the noise, and of the question when none is given: 0 or more.</summary>
    public long Seed { get; init; }

    /// <summary>The number of sampler steps, 1 to 1000.</summary>
    public int? Steps { get; init; }

    /// <summary>The classifier-free guidance scale, 0 or more; up to 1 there is no guidance.</summary>
    public double? Guidance { get; init; }

    /// <summary>
    /// The steps that have classifier-free guidance; null: all that the backbone guides. A step without it computes the prompt's branch alone. The
    /// picture changes.
    /// </summary>
    public GuidanceInterval? GuidanceInterval { get; init; }

    /// <summary>How the two branches of classifier-free guidance are computed.</summary>
    public GuidanceBranches GuidanceBranches { get; init; }

    /// <summary>The size of the picture in pixels.</summary>
    public ImageSize? Size { get; init; }

    /// <summary>SDXL's claims about the picture's history; refused by backbones without them.</summary>
    public MicroConditioning? MicroConditioning { get; init; }

    /// <summary>
    /// Updates carry a preview every so many steps; null: never. A preview costs a decode, and under a policy other than
    /// <see cref="Runtime.ResidencyPolicy.KeepAll"/> an exchange of networks too.
    /// </summary>
    public int? PreviewInterval { get; init; }
}
