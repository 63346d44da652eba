namespace ImgAlign.Training.Data;

/// <summary>A picture, a prompt that it does not match, and the edit that would make it match.</summary>
/// <param name="Image">The file of the original picture.</param>
/// <param name="EditedPrompt">What the picture should show.</param>
/// <param name="Instruction">The edit.</param>
internal sealed record EditTriplet(string Image, string EditedPrompt, string Instruction);
