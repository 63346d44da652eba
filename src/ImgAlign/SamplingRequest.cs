namespace ImgAlign;

/// <summary>How the pictures of a request are sampled. Values that are null are the backbone's defaults.</summary>
public abstract record SamplingRequest
{
    /// <summary>
    /// The settings of a published few-step model by a name such as <c>lightning-4</c>; docs/presets.md lists them. Null: those of the
    /// pipeline, if it has some. What the request itself says comes before them, and both before the backbone's defaults.
    /// </summary>
    public string? Preset { get; init; }

    /// <summary>The number of sampler steps, 1 to 1000.</summary>
    public int? Steps { get; init; }

    /// <summary>
    /// The guidance scale as the model's card gives it, 0 or more. For SDXL it is classifier-free guidance, and up to 1 there is none; for
    /// FLUX it is an input of the network.
    /// </summary>
    public double? Guidance { get; init; }

    /// <summary>
    /// The steps that have classifier-free guidance; null: all that the backbone guides. A step without it computes the prompt's branch
    /// alone. The picture changes.
    /// </summary>
    public GuidanceInterval? GuidanceInterval { get; init; }

    /// <summary>How the two branches of classifier-free guidance are computed.</summary>
    public GuidanceBranches GuidanceBranches { get; init; }

    /// <summary>The scale of image prompts, 0 or more; 0 ignores them. IMG uses 0.2.</summary>
    public double? ImagePromptScale { get; init; }

    /// <summary>
    /// The sampler, one of <see cref="Samplers"/> or one of your own; null: the one that the model's <c>scheduler_config.json</c> names, or
    /// Euler.
    /// </summary>
    public ISampler? Sampler { get; init; }

    /// <summary>
    /// How much of the steps is run, above 0 and up to 1, from a picture that is given: the less, the more of it stays. A generation then
    /// starts from the item's picture, which is no image prompt, and a round of an alignment from the picture that it reads. Null: pictures
    /// begin as noise.
    /// </summary>
    public double? Strength { get; init; }

    /// <summary>The share of new noise in each step of samplers that leave it open (DDIM, TCD), 0 to 1; null: none.</summary>
    public double? Eta { get; init; }

    /// <summary>Which noise levels are gone through; null: those of the model's <c>scheduler_config.json</c>.</summary>
    public NoiseLevelOptions? NoiseLevels { get; init; }

    /// <summary>
    /// How far the spread of what classifier-free guidance makes is brought back to that of the prompt's branch, 0 to 1 (Lin et al., 2023,
    /// use 0.7).
    /// </summary>
    public double GuidanceRescale { get; init; }

    /// <summary>
    /// Settings that only one family has, such as <see cref="Backbones.SdxlSettings"/>; refused by backbones of other families.
    /// </summary>
    public IFamilySettings? Family { get; init; }

    /// <summary>
    /// The most items that are computed at once, 1 to 1024; fewer are where memory is short. An item's picture does not depend on it but
    /// for rounding.
    /// </summary>
    public int MaxBatchSize { get; init; } = 8;

    /// <summary>
    /// Updates carry previews every so many evaluations of the network; null: never. A preview costs little with a tiny autoencoder
    /// (<see cref="Backbones.DiffusionOptions.TinyVaePath"/>); without one it costs a decode, and under a policy other than
    /// <see cref="Runtime.ResidencyPolicy.KeepAll"/> an exchange of networks too.
    /// </summary>
    public int? PreviewInterval { get; init; }
}
