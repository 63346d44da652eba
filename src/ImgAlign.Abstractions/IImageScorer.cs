namespace ImgAlign;

/// <summary>Scores images against a prompt. Synchronous, on the device's worker thread.</summary>
public interface IImageScorer : IDisposable
{
    /// <summary>The name in records and messages, such as <c>HPSv2.1</c>.</summary>
    string Name { get; }

    /// <summary>Scores images.</summary>
    /// <param name="images">The images, of any sizes.</param>
    /// <param name="prompt">What they should show.</param>
    /// <returns>One score an image; higher is better.</returns>
    IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, string prompt);
}
