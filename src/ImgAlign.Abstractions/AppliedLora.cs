namespace ImgAlign;

/// <summary>A LoRA that is merged into a model.</summary>
/// <param name="Path">The file.</param>
/// <param name="Scale">The factor of its change.</param>
/// <param name="Layers">How many layers of the model's networks it changes.</param>
public sealed record AppliedLora(string Path, double Scale, int Layers);
