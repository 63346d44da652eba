namespace ImgAlign;

/// <summary>What a pipeline is made of beside its models, and what it records.</summary>
public class GenerationPipelineOptions
{
    /// <summary>The same diffusion model on further devices: the items of a request are shared among all. Disposed by whoever made them, as
    /// all models.</summary>
    public IReadOnlyList<IDiffusionBackbone> Replicas { get; init; } = [];

    /// <summary>The preset of requests that name none; null: none.</summary>
    public string? Preset { get; init; }

    /// <summary>Whether prompts are written to logs and traces.</summary>
    public bool RecordPrompts { get; init; }
}
