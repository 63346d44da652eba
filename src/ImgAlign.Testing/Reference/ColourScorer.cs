namespace ImgAlign.Testing.Reference;

/// <summary>The colour world's scorer: minus the distance between a picture's mean colour and the prompt's, so at most 0.</summary>
public sealed class ColourScorer : IImageScorer
{
    /// <inheritdoc/>
    public string Name => "Colour";

    /// <inheritdoc/>
    public IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, string prompt)
    {
        var asked = Colour.Of(prompt);
        return [.. images.Select(image => -Math.Sqrt(Colour.Mean(image).Zip(asked).Sum(static pair => Math.Pow(pair.First - pair.Second, 2))))];
    }

    /// <summary>Owns nothing.</summary>
    public void Dispose() { }
}
