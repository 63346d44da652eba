namespace ImgAlign;

/// <summary>What a judge is asked about a picture: how probable an answer is.</summary>
/// <param name="Text">The question, whole, without the conversation template.</param>
/// <param name="Answers">The answer; for <see cref="AnswerTokens.First"/> all ways of writing it, whose probabilities are added.</param>
/// <param name="Tokens">Which of the answer's tokens count.</param>
public sealed record JudgeQuestion(string Text, IReadOnlyList<string> Answers, AnswerTokens Tokens)
{
    /// <summary>
    /// What logits above 0 of tokens that have occurred are divided by, and those below 0 multiplied by (transformers'
    /// <c>repetition_penalty</c>); 1: nothing happens. Null: what the model's <c>generation_config.json</c> says.
    /// </summary>
    public double? RepetitionPenalty { get; init; }

    /// <summary>What logits are divided by.</summary>
    public double Temperature { get; init; } = 1;
}
