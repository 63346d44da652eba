namespace ImgAlign;

/// <summary>Generated pictures.</summary>
public sealed class GenerationResult : RunResult
{
    /// <summary>One for each item of the request, in its order.</summary>
    public required IReadOnlyList<GeneratedItem> Items { get; init; }
}
