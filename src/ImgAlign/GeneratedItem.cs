namespace ImgAlign;

/// <summary>A generated picture.</summary>
public sealed record GeneratedItem
{
    /// <summary>What was asked for, with the size filled in.</summary>
    public required GenerationItem Item { get; init; }

    /// <summary>The prompt as scorers read it: without the notation of weights, where the backbone reads one.</summary>
    public required string PlainPrompt { get; init; }

    /// <summary>The picture.</summary>
    public required RgbImage Image { get; init; }

    /// <summary>What its maker should know, such as the end of a prompt that is too long to be read; a sentence each.</summary>
    public IReadOnlyList<string> Warnings
    {
        get;
        init => field = ValueList.Of(value);
    } = ValueList.Of<string>([]);
}
