namespace ImgAlign.Scorers;

/// <summary>Checks of what scorers are given.</summary>
internal static class ScorerInput
{
    /// <summary>Refuses anything but one prompt for each picture.</summary>
    /// <exception cref="ArgumentException">There is no picture, or another number of prompts.</exception>
    public static void Require(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts)
    {
        ArgumentNullException.ThrowIfNull(images);
        ArgumentNullException.ThrowIfNull(prompts);
        if (images.Count == 0)
            throw new ArgumentException("There is no picture to score.", nameof(images));
        if (images.Count != prompts.Count)
            throw new ArgumentException($"There are {images.Count} pictures, but {prompts.Count} prompts; give one each.", nameof(prompts));
    }
}
