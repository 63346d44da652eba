namespace ImgAlign;

/// <summary>Aligned pictures.</summary>
public sealed class AlignmentResult
{
    /// <summary>One for each item of the request, in its order.</summary>
    public required IReadOnlyList<AlignedItem> Items { get; init; }

    /// <summary>How they were sampled, with all defaults filled in.</summary>
    public required SamplingSettings Settings { get; init; }

    /// <summary>The diffusion model that made them.</summary>
    public required BackboneInfo Backbone { get; init; }

    /// <summary>What decided which pictures were kept; scorers that it does not name only reported.</summary>
    public required IAcceptance Acceptance { get; init; }

    /// <summary>What was tried.</summary>
    public required ISearchPolicy Policy { get; init; }

    /// <summary>What it cost.</summary>
    public required RunReport Report { get; init; }
}
