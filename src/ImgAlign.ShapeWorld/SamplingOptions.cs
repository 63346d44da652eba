namespace ImgAlign.ShapeWorld;

/// <summary>How the world's pictures are generated.</summary>
/// <param name="Steps">Euler steps.</param>
/// <param name="Guidance">The scale of classifier-free guidance.</param>
/// <param name="ImagePromptScale">The image prompt's scale in a round.</param>
internal sealed record SamplingOptions(int Steps, double Guidance, double ImagePromptScale)
{
    /// <summary>The world's own.</summary>
    public static SamplingOptions Default { get; } = new(Steps: 12, Guidance: 2.5, ImagePromptScale: 0.5);
}
