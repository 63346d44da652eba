namespace ImgAlign;

/// <summary>What a judge says to a question about a picture.</summary>
/// <param name="question">The question.</param>
/// <param name="probability">How probable the right answer is. A sum over ways of writing it may pass 1.</param>
public sealed class JudgedAnswer(PictureQuestion question, double probability)
{
    /// <summary>The probability from which on a picture passes, where nothing else is said.</summary>
    public const double UsualPass = 0.5;

    /// <summary>The question.</summary>
    public PictureQuestion Question { get; } = question;

    /// <summary>How probable the right answer is. A sum over ways of writing it may pass 1.</summary>
    public double Probability { get; } = probability;
}
