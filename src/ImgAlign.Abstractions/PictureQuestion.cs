namespace ImgAlign;

/// <summary>A question about a picture, and the answer that a right picture gives.</summary>
/// <param name="Text">The question, such as <c>Is the cube red?</c> or <c>How many cubes are in the image?</c>.</param>
/// <param name="Answer">The right answer: <c>Yes</c>, or a number word for a question that begins with <c>How many</c>.</param>
public sealed record PictureQuestion(string Text, string Answer = "Yes")
{
    /// <summary>What drew it from the prompt, and how; null: it was given.</summary>
    public string? DrawnBy { get; init; }
}
