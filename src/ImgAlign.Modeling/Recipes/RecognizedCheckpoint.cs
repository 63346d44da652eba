namespace ImgAlign.Recipes;

/// <summary>What a checkpoint is, as far as names and shapes of its tensors tell.</summary>
/// <param name="What">The network or the model, such as <c>UNet of SDXL</c>.</param>
/// <param name="Layout">Whose names its tensors have; null: there are none but its own.</param>
/// <param name="Use">The options of the tool that it is used with, with FILE in its place; null: it is not supported.</param>
/// <param name="Details">What else is to be seen, such as a number of tokens.</param>
public sealed record RecognizedCheckpoint(string What, string? Layout, string? Use, params IReadOnlyList<string> Details);
