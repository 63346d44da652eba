namespace ImgAlign.ShapeWorld;

/// <summary>How the world's pictures are generated.</summary>
/// <param name="Steps">Euler steps.</param>
/// <param name="Guidance">The scale of classifier-free guidance.</param>
/// <param name="ImagePromptScale">The image prompt's scale in a round.</param>
public sealed record SamplingOptions(int Steps = 12, double Guidance = 1.5, double ImagePromptScale = 1)
{
    /// <summary>The world's own.</summary>
    public static SamplingOptions Default { get; } = new();
}
