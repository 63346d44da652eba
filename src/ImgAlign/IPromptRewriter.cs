namespace ImgAlign;

/// <summary>Corrects a prompt by what a detector says of a picture that was drawn by it.</summary>
public interface IPromptRewriter
{
    /// <summary>A prompt to draw in the other's place; the picture is scored by the other all the same.</summary>
    /// <param name="prompt">The prompt.</param>
    /// <param name="critique">How the picture has to change to show it, in the detector's words.</param>
    string Rewrite(string prompt, string critique);
}
