namespace ImgAlign;

/// <summary>What a detector reads.</summary>
/// <param name="Image">The picture.</param>
/// <param name="Question">The question about it, without the conversation template.</param>
public readonly record struct DetectionInput(RgbImage Image, string Question);
