namespace ImgAlign.DependencyInjection;

/// <summary>Which models a pipeline is made of, by the names under which they were registered; null: the last one that was.</summary>
public sealed class PipelineOptions
{
    /// <summary>The diffusion model.</summary>
    public string? Backbone { get; set; }

    /// <summary>The multimodal language model.</summary>
    public string? Detector { get; set; }

    /// <summary>The aligner.</summary>
    public string? Aligner { get; set; }
}
