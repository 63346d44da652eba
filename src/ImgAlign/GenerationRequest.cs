namespace ImgAlign;

/// <summary>Pictures to be generated from prompts.</summary>
/// <param name="pictures">The pictures, at least one.</param>
public sealed record GenerationRequest(params IEnumerable<GenerationItem> pictures) : SamplingRequest
{
    /// <summary>The pictures, at least one.</summary>
    public IReadOnlyList<GenerationItem> Items { get; init => field = ValueList.Of(value); } = ValueList.Of(pictures);
}
