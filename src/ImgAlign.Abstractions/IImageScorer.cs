namespace ImgAlign;

/// <summary>Scores pictures against prompts.</summary>
public interface IImageScorer : IModel
{
    /// <summary>Scores pictures.</summary>
    /// <param name="images">B pictures of any sizes.</param>
    /// <param name="prompts">What each of them should show, B prompts.</param>
    /// <returns>One score a picture; higher is better.</returns>
    IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts);
}
