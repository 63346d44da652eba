namespace ImgAlign.DependencyInjection;

/// <summary>Which models a pipeline is made of, by the names under which they were registered; null: the last one that was.</summary>
public sealed class PipelineOptions
{
    /// <summary>The diffusion model.</summary>
    public string? Backbone { get; set; }

    /// <summary>The preset of requests that name none (<see cref="SamplingRequest.Preset"/>); null: none.</summary>
    public string? Preset { get; set; }

    /// <summary>The same diffusion model on further devices: the items of a request are shared among all.</summary>
    public IList<string> Replicas { get; } = [];

    /// <summary>Whether pictures can be aligned; otherwise the pipeline needs neither <see cref="Detector"/> nor <see cref="Aligner"/>, and
    /// only draws and selects (best-of-n).</summary>
    public bool Aligns { get; set; } = true;

    /// <summary>The multimodal language model.</summary>
    public string? Detector { get; set; }

    /// <summary>The aligner.</summary>
    public string? Aligner { get; set; }

    /// <summary>The scorers; empty: all that were registered for any backbone or for this one.</summary>
    public IList<string> Scorers { get; } = [];

    /// <summary>The scorers that decide which pictures are kept, unless a request says otherwise; empty: the first scorer.</summary>
    public IList<ScoreCriterion> Gate { get; } = [];

    /// <summary>How many of <see cref="Gate"/> must agree.</summary>
    public GateVote GateVote { get; set; }

    /// <summary>The name of the policy that budgets are spent by, one of <see cref="SearchPolicies"/>, unless a request says otherwise;
    /// null: rounds of the method.</summary>
    public string? Policy { get; set; }

    /// <summary>The most pictures that are generated for an item, the first one too, unless a request says otherwise; null: one
    /// round.</summary>
    public int? Budget { get; set; }
}
