namespace ImgAlign.Scorers;

/// <summary>Where the files of a CLIP score are.</summary>
/// <remarks>
/// A whole CLIP model in transformers' layout, such as <c>openai/clip-vit-large-patch14</c>: a folder, or a name of the hub.
/// </remarks>
public sealed class ClipScoreOptions : ModelOptions;
