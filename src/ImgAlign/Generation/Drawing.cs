using ImgAlign.Running;

namespace ImgAlign.Generation;

/// <summary>One picture that a generation makes.</summary>
/// <param name="Item">What it shows, and the seed of its noise.</param>
/// <param name="PromptRow">The row of its image prompt in <see cref="ImagePromptRows"/>; null: it has none.</param>
/// <param name="Start">The picture that it starts from; null: it begins as noise.</param>
internal sealed record Drawing(ResolvedItem Item, int? PromptRow = null, RgbImage? Start = null);
