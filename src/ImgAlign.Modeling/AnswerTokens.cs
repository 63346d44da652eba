namespace ImgAlign;

/// <summary>Which of an answer's tokens count.</summary>
public enum AnswerTokens
{
    /// <summary>The first one: its probability.</summary>
    First,

    /// <summary>All of them, each after the ones before it, with the end token where the model's published score has it: the geometric
    /// mean of their probabilities.</summary>
    All,
}
