namespace ImgAlign.Server;

/// <summary>What the page says about prompts of a model that does not draw everything.</summary>
public sealed class PromptGuide
{
    /// <summary>What can be drawn, in a sentence or two.</summary>
    public required string Explanation { get; init; }

    /// <summary>A prompt with a choice in each pair of brackets, such as <c>a [colour] [shape]</c>.</summary>
    public required string Pattern { get; init; }

    /// <summary>The words of each choice, by the name in brackets.</summary>
    public required IReadOnlyDictionary<string, IReadOnlyList<string>> Choices { get; init; }

    /// <summary>Whole prompts to try.</summary>
    public required IReadOnlyList<string> Examples { get; init; }
}
