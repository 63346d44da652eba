using ImgAlign.Checkpoints;

namespace ImgAlign.Backbones;

/// <summary>
/// How a published model is sampled, by a name: few-step models draw only with the steps, the sampler and the guidance that they were
/// distilled for. What a request says itself comes before it.
/// </summary>
public sealed record SamplingPreset
{
    /// <summary>The name by which it is chosen and recorded, such as <c>lightning-4</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The backbone that it is for, by its name: <c>SDXL</c> or <c>FLUX</c>.</summary>
    public required string Backbone { get; init; }

    /// <summary>The model's repository on the hub.</summary>
    public required string Model { get; init; }

    /// <summary>Which way of distillation the model must be of, as file names tell it: <c>lightning</c>, <c>hyper-sdxl</c>.</summary>
    public required string Distillation { get; init; }

    /// <summary>The number of sampler steps.</summary>
    public required int Steps { get; init; }

    /// <summary>The guidance scale.</summary>
    public required double Guidance { get; init; }

    /// <summary>The sampler.</summary>
    public required ISampler Sampler { get; init; }

    /// <summary>The share of new noise in each step; null: the sampler's own.</summary>
    public double? Eta { get; init; }

    /// <summary>Which noise levels are gone through.</summary>
    public NoiseLevelOptions NoiseLevels { get; init; } = new();

    /// <summary>What the network predicts; null: what the model's files say.</summary>
    public PredictionType? Prediction { get; init; }

    /// <summary>Settings of the family; null: its defaults.</summary>
    public IFamilySettings? Family { get; init; }

    /// <summary>The scale of the LoRA that makes the model what it is; null: 1, or it is no LoRA.</summary>
    public double? LoraScale { get; init; }

    /// <summary>Whether a sign is one of the model that it is for.</summary>
    public bool Fits(DistillationSign sign)
    {
        ArgumentNullException.ThrowIfNull(sign);
        return sign.Distillation == Distillation && (sign.Steps ?? Steps) == Steps;
    }
}
