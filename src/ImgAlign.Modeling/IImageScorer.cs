namespace ImgAlign;

/// <summary>Scores pictures against prompts.</summary>
public interface IImageScorer : IModel
{
    /// <summary>Scores pictures.</summary>
    /// <param name="images">B pictures of any sizes.</param>
    /// <param name="prompts">What each of them should show, B prompts.</param>
    /// <returns>One finite score a picture, which does not depend on the others; higher is better.</returns>
    IReadOnlyList<double> Score(IReadOnlyList<RgbImage> images, IReadOnlyList<string> prompts);

    /// <summary>Refuses a prompt that cannot be scored. Called before anything is computed.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <exception cref="ArgumentException">The prompt cannot be scored; the message says what to write instead.</exception>
    void CheckPrompt(string prompt) { }

    /// <summary>What the scorer does not read of a prompt; empty where it reads all of it, or none.</summary>
    /// <param name="prompt">The prompt.</param>
    IReadOnlyList<UnreadText> FindUnread(string prompt) => [];
}
