namespace ImgAlign;

/// <summary>Generated pictures.</summary>
public sealed class GenerationResult
{
    /// <summary>One for each item of the request, in its order.</summary>
    public required IReadOnlyList<GeneratedItem> Items { get; init; }

    /// <summary>How they were sampled, with all defaults filled in.</summary>
    public required SamplingSettings Settings { get; init; }

    /// <summary>The diffusion model that made them.</summary>
    public required BackboneInfo Backbone { get; init; }

    /// <summary>What it cost.</summary>
    public required RunReport Report { get; init; }
}
