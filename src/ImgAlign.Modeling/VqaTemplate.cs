namespace ImgAlign;

/// <summary>How VQAScore (Lin et al., 2024) asks a model whether a picture shows something.</summary>
/// <param name="Question">The question, with <c>{}</c> in the statement's place.</param>
/// <param name="Answer">The answer whose probability is the score; <c>{}</c> in it is the statement, too.</param>
/// <param name="Tokens">Which of the answer's tokens count.</param>
public sealed record VqaTemplate(string Question, string Answer, AnswerTokens Tokens)
{
    /// <summary>What stands for the statement.</summary>
    public const string Placeholder = "{}";

    /// <summary>The question about a statement. Braces in the statement have no meaning.</summary>
    /// <param name="statement">What the picture should show.</param>
    public JudgeQuestion Ask(string statement) => new(Fill(Question, statement), [Fill(Answer, statement)], Tokens);

    private static string Fill(string template, string statement) =>
        template.IndexOf(Placeholder, StringComparison.Ordinal) is >= 0 and var place
            ? string.Concat(template.AsSpan(0, place), statement, template.AsSpan(place + Placeholder.Length))
            : template;
}
