using ImgAlign.Runtime;

namespace ImgAlign.DependencyInjection;

/// <summary>The device that all models of a container run on, and what its pipelines are made of.</summary>
public sealed class ImgAlignOptions : RuntimeOptions
{
    /// <summary>What the <see cref="AlignmentPipeline"/> is made of that is asked for without a key.</summary>
    public PipelineOptions Pipeline { get; set; } = new();

    /// <summary>Further pipelines, each asked for by its name as the key. Models that several pipelines name are shared.</summary>
    public IDictionary<string, PipelineOptions> Pipelines { get; } = new Dictionary<string, PipelineOptions>();

    /// <summary>Whether prompts are written to logs and traces.</summary>
    public bool RecordPrompts { get; set; }
}
