namespace ImgAlign;

/// <summary>A LoRA that is merged into a model.</summary>
/// <param name="path">The file.</param>
/// <param name="scale">The factor of its change.</param>
/// <param name="layers">How many layers of the model's networks it changes.</param>
public sealed class AppliedLora(string path, double scale, int layers)
{
    /// <summary>The file.</summary>
    public string Path { get; } = path;

    /// <summary>The factor of its change.</summary>
    public double Scale { get; } = scale;

    /// <summary>How many layers of the model's networks it changes.</summary>
    public int Layers { get; } = layers;
}
