namespace ImgAlign;

/// <summary>A generated picture.</summary>
/// <param name="Item">What was asked for, with the size filled in.</param>
/// <param name="Image">The picture.</param>
public sealed record GeneratedItem(GenerationItem Item, RgbImage Image);
