namespace ImgAlign.ShapeWorld.Training;

/// <summary>How pictures are generated.</summary>
/// <param name="Steps">Euler steps.</param>
/// <param name="Guidance">The scale of classifier-free guidance.</param>
internal sealed record SamplingOptions(int Steps, double Guidance)
{
    /// <summary>The world's own.</summary>
    public static SamplingOptions Default { get; } = new(Steps: 12, Guidance: 1.5);
}
