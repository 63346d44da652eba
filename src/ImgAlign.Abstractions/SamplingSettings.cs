namespace ImgAlign;

/// <summary>How pictures are sampled, with all defaults filled in: what a request's values and the backbone's defaults come to.</summary>
public sealed record SamplingSettings
{
    /// <summary>The number of sampler steps.</summary>
    public required int Steps { get; init; }

    /// <summary>The guidance scale as the model's card gives it; what it means, the family says.</summary>
    public required double Guidance { get; init; }

    /// <summary>The steps that have classifier-free guidance; null: all that the family guides.</summary>
    public GuidanceInterval? GuidanceInterval { get; init; }

    /// <summary>How the two branches of classifier-free guidance are computed.</summary>
    public GuidanceBranches GuidanceBranches { get; init; }

    /// <summary>The scale of image prompts; 0 ignores them.</summary>
    public required double ImagePromptScale { get; init; }

    /// <summary>The sampler.</summary>
    public required ISampler Sampler { get; init; }

    /// <summary>How much of the steps is run from a picture that is given, above 0 and up to 1; null: pictures begin as noise.</summary>
    public double? Strength { get; init; }

    /// <summary>The share of new noise in each step that was asked of the sampler; null: its own.</summary>
    public double? Eta { get; init; }

    /// <summary>Which noise levels are gone through.</summary>
    public NoiseLevelOptions NoiseLevels { get; init; } = new();

    /// <summary>How far the spread of what guidance makes is brought back to that of the prompt's branch, 0 to 1.</summary>
    public double GuidanceRescale { get; init; }

    /// <summary>What the network predicts; null: what the model's files say.</summary>
    public PredictionType? Prediction { get; init; }

    /// <summary>The name of the preset that these came from; null: none was asked for.</summary>
    public string? Preset { get; init; }

    /// <summary>What shows that the model is the one that the preset is for; null: its files do not tell.</summary>
    public string? PresetEvidence { get; init; }

    /// <summary>What only one family of models has; null: its defaults.</summary>
    public IFamilySettings? Family { get; init; }
}
