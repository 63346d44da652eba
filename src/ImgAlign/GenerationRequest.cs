namespace ImgAlign;

/// <summary>Pictures to be generated from prompts.</summary>
public sealed record GenerationRequest : SamplingRequest
{
    /// <summary>Asks for pictures.</summary>
    /// <param name="items">The pictures, at least one.</param>
    public GenerationRequest(params IEnumerable<GenerationItem> items) => Items = ValueList.Of(items);

    /// <summary>Asks for no pictures yet, to be sampled as another request says; no more of it is taken.</summary>
    /// <param name="sampling">The other request.</param>
    public GenerationRequest(SamplingRequest sampling)
        : base(sampling) => Items = ValueList.Of<GenerationItem>([]);

    /// <summary>The pictures, at least one.</summary>
    public IReadOnlyList<GenerationItem> Items
    {
        get;
        init => field = ValueList.Of(value);
    }
}
