namespace ImgAlign;

/// <summary>A generated picture.</summary>
/// <param name="Item">What was asked for, with the size filled in.</param>
/// <param name="Image">The picture.</param>
public sealed record GeneratedItem(GenerationItem Item, RgbImage Image)
{
    /// <summary>What its maker should know, such as the end of a prompt that is too long to be read; a sentence each.</summary>
    public IReadOnlyList<string> Warnings { get; init => field = ValueList.Of(value); } = ValueList.Of<string>([]);
}
