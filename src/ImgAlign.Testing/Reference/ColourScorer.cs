using ImgAlign.Runtime;

namespace ImgAlign.Testing.Reference;

/// <summary>The colour world's scorer: minus the distance between a picture's mean colour and the prompt's, so at most 0.</summary>
/// <param name="runtime">Where to compute.</param>
public sealed class ColourScorer(DeviceRuntime runtime) : IImageScorer
{
    /// <inheritdoc/>
    public string Name => "Colour";

    /// <inheritdoc/>
    public DeviceRuntime Runtime => runtime;

    /// <inheritdoc/>
    public IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts) =>
        [
            .. images.Zip(
                prompts,
                static (image, prompt) =>
                    -Math.Sqrt(Colour.Mean(image).Zip(Colour.Of(prompt)).Sum(static pair => Math.Pow(pair.First - pair.Second, 2)))
            ),
        ];

    /// <summary>Owns nothing.</summary>
    public void Dispose() { }
}
