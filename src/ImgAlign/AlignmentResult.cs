namespace ImgAlign;

/// <summary>Aligned pictures.</summary>
public sealed class AlignmentResult : RunResult
{
    /// <summary>One for each item of the request, in its order.</summary>
    public required IReadOnlyList<AlignedItem> Items { get; init; }

    /// <summary>What decided which pictures were kept; scorers that it does not name only reported.</summary>
    public required IAcceptance Acceptance { get; init; }

    /// <summary>What was tried.</summary>
    public required ISearchPolicy Policy { get; init; }
}
