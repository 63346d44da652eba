namespace ImgAlign.Detectors;

/// <summary>A <see cref="JudgeQuestion"/> as token ids.</summary>
/// <param name="Prompt">All that stands before the answer, in the conversation template.</param>
/// <param name="Answer">The tokens whose probabilities are wanted: of <see cref="AnswerTokens.All"/> one after the other, of
/// <see cref="AnswerTokens.First"/> each in the first place.</param>
/// <param name="Question">The question.</param>
public sealed record AnswerPrompt(IReadOnlyList<int> Prompt, IReadOnlyList<int> Answer, JudgeQuestion Question)
{
    /// <summary>What the model reads: the prompt, and of an answer all of whose tokens count those before the last.</summary>
    public IReadOnlyList<int> Read { get; } = Question.Tokens == AnswerTokens.All ? [.. Prompt, .. Answer.SkipLast(1)] : Prompt;

    /// <summary>The positions whose logits are wanted, the last of <see cref="Read"/>.</summary>
    public int Positions => Question.Tokens == AnswerTokens.All ? Answer.Count : 1;

    /// <summary>Puts a question into tokens.</summary>
    /// <param name="question">The question.</param>
    /// <param name="tokenize">Gives the ids of the prompt and of one way of writing the answer.</param>
    /// <exception cref="InvalidRequestException">An answer is empty, there is none, or more than one all of whose tokens count.</exception>
    public static AnswerPrompt Create(JudgeQuestion question, Func<string, (IReadOnlyList<int> Prompt, IReadOnlyList<int> Answer)> tokenize)
    {
        ArgumentNullException.ThrowIfNull(question);
        if (question.Answers.Count == 0 || question.Answers.Any(string.IsNullOrWhiteSpace))
            throw new InvalidRequestException($"The question \"{question.Text}\" has no answer to look for; give at least one word.");
        if (question.Tokens == AnswerTokens.All && question.Answers.Count > 1)
            throw new InvalidRequestException($"The question \"{question.Text}\" has several answers; give one where all tokens count.");
        var answers = question.Answers.Select(tokenize).ToList();
        return question.Tokens == AnswerTokens.All
            ? new(answers[0].Prompt, answers[0].Answer, question)
            : new(answers[0].Prompt, [.. answers.Select(static answer => answer.Answer[0])], question);
    }
}
